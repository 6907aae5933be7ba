import Foundation
import PowerSync

/// Your Supabase project.
public struct Project: Sendable {
  let url: URL
  let publishableKey: String

  public init(url: URL, publishableKey: String) {
    self.url = url
    self.publishableKey = publishableKey
  }
}

/// Returns the signed-in user's access token, nil if nobody is signed in. Throws if it cannot be renewed for now.
public typealias AccessToken = @Sendable () async throws -> String?

/// Who syncs. Your app chooses: nobody becomes anonymous because a session has ended.
public enum SyncAs: Sendable {
  /// A signed-in user: the token comes from `powersync-auth`.
  case signedIn(AccessToken)
  /// Somebody without an account: the token comes from `powersync-auth-anonymous`.
  case anonymous
}

/// What the function answered instead of a token. `code` and `hint` are explained in docs/errors.md.
public struct TokenError: LocalizedError, Sendable {
  public let status: Int
  public let code: String?
  /// The word that claims.ts gave to `refusal`.
  public let reason: String?
  public let message: String
  public let hint: String?

  public var errorDescription: String? {
    ["\(code ?? "HTTP") (\(status)): \(message)", hint, reason].compactMap { $0 }.joined(separator: " ")
  }
}

/// Fetches PowerSync tokens, and stores none. The SDK's protocol is Sendable, so every property is a constant.
public final class SupabaseConnector: PowerSyncBackendConnectorProtocol {
  private let project: Project
  private let syncAs: SyncAs
  private let onRejected: OnRejected
  private let timeLimit: TimeInterval

  /// - Parameter timeLimit: For each request, in seconds. Longer than the functions wait for Supabase Auth or an identity
  ///   provider.
  public init(
    project: Project, syncAs: SyncAs, timeLimit: TimeInterval = 15, onRejected: @escaping OnRejected
  ) {
    self.project = project
    self.syncAs = syncAs
    self.timeLimit = timeLimit
    self.onRejected = onRejected
  }

  /// Returns nil if the user must sign in again. If it throws, the SDK tries again.
  public func fetchCredentials() async throws -> PowerSyncCredentials? {
    switch syncAs {
    case .anonymous:
      return try await credentials(of: "powersync-auth-anonymous", accessToken: nil)
    case .signedIn(let accessToken):
      guard let token = try await limited(timeLimit, accessToken) else { return nil }
      return try await credentials(of: "powersync-auth", accessToken: token)
    }
  }

  public func uploadData(database: PowerSyncDatabaseProtocol) async throws {
    guard let transaction = try await database.getNextCrudTransaction() else { return }
    var token: String?
    if case .signedIn(let accessToken) = syncAs {
      // Without a token the database would reject what this user may write.
      token = try await limited(timeLimit, accessToken)
      if token == nil { throw NotSignedIn() }
    }
    let upload = Upload(project: project, accessToken: token, timeLimit: timeLimit)
    var rejected: [RejectedChange] = []
    for change in transaction.crud where !changesNothing(change) {
      guard let refused = try await upload.write(change) else { continue }
      if refused.code != noRow || !isDeleted(change, in: transaction.crud) { rejected.append(refused) }
    }
    if !rejected.isEmpty { try await onRejected(rejected) }
    try await transaction.complete()
  }

  private func credentials(of function: String, accessToken: String?) async throws -> PowerSyncCredentials? {
    var request = URLRequest(url: project.url.appendingPathComponent("functions/v1/\(function)"))
    request.authorize(project, accessToken: accessToken)
    let answer = try await limited(timeLimit) { [request] in try await send(request) }
    if answer.status == 200, let credentials = try? answer.decoded(Credentials.self) {
      return PowerSyncCredentials(endpoint: credentials.endpoint, token: credentials.token)
    }
    guard let refusal = try? answer.decoded(Refusal.self) else {
      let message = "This is not the function's answer: \(answer.excerpt)"
      throw TokenError(status: answer.status, code: nil, reason: nil, message: message, hint: nil)
    }
    // The other 401 are faults of the app, such as a wrong publishable key.
    if ["USER_TOKEN_INVALID", "USER_TOKEN_EXPIRED"].contains(refusal.code) { return nil }
    throw TokenError(
      status: answer.status, code: refusal.code, reason: refusal.reason, message: refusal.message ?? "",
      hint: refusal.hint
    )
  }
}

private struct Credentials: Decodable {
  let endpoint: String
  let token: String
}

struct Refusal: Decodable {
  let code: String
  let reason: String?
  let message: String?
  let hint: String?
}
