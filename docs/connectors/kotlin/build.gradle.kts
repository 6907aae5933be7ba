// Add your Android target. PowerSync's own documentation has its set-up.
plugins {
    kotlin("multiplatform") version "2.3.21"
}

kotlin {
    jvmToolchain(17)
    jvm()
    iosArm64()
    iosSimulatorArm64()

    sourceSets {
        commonMain.dependencies {
            implementation("com.powersync:core:1.14.1")
            implementation("io.github.jan-tennert.supabase:auth-kt:3.6.0")
            implementation("io.github.jan-tennert.supabase:postgrest-kt:3.6.0")
            implementation("io.ktor:ktor-client-core:3.5.0")
        }
        // androidMain too.
        jvmMain.dependencies {
            implementation("io.ktor:ktor-client-okhttp:3.5.0")
        }
        iosMain.dependencies {
            implementation("io.ktor:ktor-client-darwin:3.5.0")
        }
    }
}
