// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "PowerSyncAuthConnector",
  platforms: [.iOS(.v16), .macOS(.v13), .tvOS(.v16), .watchOS(.v9)],
  products: [.library(name: "PowerSyncAuthConnector", targets: ["PowerSyncAuthConnector"])],
  dependencies: [
    .package(url: "https://github.com/powersync-ja/powersync-swift", from: "1.14.4"),
    .package(url: "https://github.com/supabase/supabase-swift", from: "2.55.1"),
  ],
  targets: [
    .target(
      name: "PowerSyncAuthConnector",
      dependencies: [
        .product(name: "PowerSync", package: "powersync-swift"),
        .product(name: "Supabase", package: "supabase-swift"),
      ]
    )
  ]
)
