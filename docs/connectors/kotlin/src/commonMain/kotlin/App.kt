package com.example.app

import com.powersync.PowerSyncDatabase
import io.github.jan.supabase.SupabaseClient
import io.github.jan.supabase.auth.auth
import io.github.jan.supabase.createSupabaseClient
import io.github.jan.supabase.postgrest.Postgrest
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.launch

/** Your Supabase project: `https://<project>.supabase.co` and its publishable key. */
class Project(val url: String, val publishableKey: String)

/**
 * Connects when someone signs in, and disconnects when they sign out. Cancel the scope before you close the database.
 *
 * @param supabase With `Auth` and `Postgrest`.
 */
fun CoroutineScope.syncWithSupabase(
    project: Project,
    supabase: SupabaseClient,
    database: PowerSyncDatabase,
    onRefused: suspend (List<RefusedChange>) -> Unit,
): FollowUser {
    return sync(project, database, supabase, supabase.auth.users(), supabase.auth::accessToken, onRefused)
}

/**
 * The same for the users of another identity provider. Its tokens must be allowed twice: as third-party auth in Supabase,
 * for uploads, and in `POWERSYNC_IDENTITY_PROVIDERS`, for PowerSync.
 *
 * @param users The ID of the signed-in user, or null.
 * @param accessToken From the provider's SDK. Null if nobody is signed in.
 */
fun CoroutineScope.syncWithProvider(
    project: Project,
    users: Flow<String?>,
    accessToken: suspend () -> String?,
    database: PowerSyncDatabase,
    onRefused: suspend (List<RefusedChange>) -> Unit,
): FollowUser {
    val supabase = createSupabaseClient(project.url, project.publishableKey) {
        this.accessToken = accessToken
        install(Postgrest)
    }
    return sync(project, database, supabase, users, accessToken, onRefused)
}

private fun CoroutineScope.sync(
    project: Project,
    database: PowerSyncDatabase,
    supabase: SupabaseClient,
    users: Flow<String?>,
    accessToken: suspend () -> String?,
    onRefused: suspend (List<RefusedChange>) -> Unit,
): FollowUser {
    fun connector(caller: Caller): SupabaseConnector {
        val upload = SupabaseUpload(supabase, caller, onRefused)::upload
        return SupabaseConnector("${project.url}/functions/v1", project.publishableKey, caller, upload)
    }
    val following = FollowUser(database, users, connector(Caller.SignedIn(accessToken)), connector(Caller.Anonymous))
    launch { following.follow() }
    launch { wakeUploads(database) }
    return following
}
