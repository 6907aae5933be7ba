import PowerSync

/// Connects as the user who is signed in.
public actor FollowUser {
  private let database: any PowerSyncDatabaseProtocol
  private let signedIn: any PowerSyncBackendConnectorProtocol
  private let anonymous: any PowerSyncBackendConnectorProtocol
  private let onError: @Sendable (any Error) -> Void
  private var followed: String?
  private var last: Task<Void, Never>?

  public init(
    database: any PowerSyncDatabaseProtocol,
    signedIn: any PowerSyncBackendConnectorProtocol,
    anonymous: any PowerSyncBackendConnectorProtocol,
    onError: @escaping @Sendable (any Error) -> Void
  ) {
    self.database = database
    self.signedIn = signedIn
    self.anonymous = anonymous
    self.onError = onError
  }

  /// Call it whenever the user may have changed, with nil after a sign-out or if the session has ended. The same user
  /// again, as after a renewal, changes nothing.
  public func follow(_ user: String?) {
    guard user != followed else { return }
    followed = user
    // connect() disconnects first.
    if user == nil { next { try await $0.disconnect() } } else { connect(signedIn) }
  }

  /// Connects without a user, until someone signs in. Call it when someone chooses to go on without an account, never
  /// because a session ended: the rows of the former user would be removed.
  public func syncAnonymously() {
    followed = nil
    connect(anonymous)
  }

  private func connect(_ connector: any PowerSyncBackendConnectorProtocol) {
    next { try await $0.connect(connector: connector, options: nil) }
  }

  /// Runs one step after the other: an actor alone would let them overtake each other.
  private func next(_ step: @escaping @Sendable (any PowerSyncDatabaseProtocol) async throws -> Void) {
    let before = last
    last = Task { [database, onError] in
      await before?.value
      do { try await step(database) } catch { onError(error) }
    }
  }
}
