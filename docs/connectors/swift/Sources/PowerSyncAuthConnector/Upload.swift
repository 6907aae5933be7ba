import Foundation
import PowerSync

/// A local change that the database will never take as it is.
public struct RejectedChange: Sendable {
  public let change: CrudEntry
  /// Postgres' code. NO_ROW if the row does not exist, or this user may not change it.
  public let code: String
  public let message: String
}

/// Gets the changes of a transaction that were rejected. Once it returns, they leave the upload queue, and the next sync
/// undoes them locally: save them for the user or your support. If it throws, the whole transaction is tried again.
public typealias OnRejected = @Sendable ([RejectedChange]) async throws -> Void

/// Nobody is signed in.
public struct NotSignedIn: LocalizedError, Sendable {
  public var errorDescription: String? { "Not signed in: local changes wait in the upload queue" }
}

/// The write failed, and is tried again.
public struct UploadError: LocalizedError, Sendable {
  public let status: Int
  public let message: String

  public var errorDescription: String? { "HTTP \(status): \(message)" }
}

/// Writes one change after the other. PostgREST commits each request alone, so what follows a rejected change is still
/// written.
struct Upload: Sendable {
  let project: Project
  let accessToken: String?
  let timeLimit: TimeInterval

  /// Returns the change if it can never succeed, and throws if it is to be tried again.
  func write(_ change: CrudEntry) async throws -> RejectedChange? {
    let request = try makeRequest(for: change)
    let answer = try await limited(timeLimit) { try await send(request) }
    let status = answer.status
    if 200..<300 ~= status {
      guard let count = answer.contentRange else {
        throw UploadError(status: status, message: "This is not PostgREST's answer: \(answer.excerpt)")
      }
      // Row level security hides the rows that a user may not change: Postgres then changes none.
      guard change.op == .patch, count.hasSuffix("/0") else { return nil }
      let message = "There is no \(change.table) \(change.id) that this user may change"
      return RejectedChange(change: change, code: noRow, message: message)
    }
    guard let refusal = try? answer.decoded(Refusal.self) else {
      throw UploadError(status: status, message: answer.excerpt)
    }
    let message = refusal.message ?? ""
    // 401: the session has ended. Whoever signs in may have the right.
    guard neverAccepted(refusal.code), status != 401 || accessToken == nil else {
      throw UploadError(status: status, message: "\(refusal.code) \(message)")
    }
    return RejectedChange(change: change, code: refusal.code, message: message)
  }

  private func makeRequest(for change: CrudEntry) throws -> URLRequest {
    let table = project.url.appendingPathComponent("rest/v1/\(change.table)")
    var request = URLRequest(url: try change.op == .put ? table : only(change.id, in: table))
    var values = change.opDataTyped ?? [:]
    switch change.op {
    case .put:
      request.httpMethod = "POST"
      values["id"] = .string(change.id)
    case .patch:
      request.httpMethod = "PATCH"
    case .delete:
      request.httpMethod = "DELETE"
    }
    if change.op != .delete { request.httpBody = try JSONEncoder().encode(values) }
    let onConflict = change.op == .put ? "resolution=merge-duplicates," : ""
    request.setValue("\(onConflict)count=exact", forHTTPHeaderField: "Prefer")
    request.setValue("application/json", forHTTPHeaderField: "Content-Type")
    request.authorize(project, accessToken: accessToken)
    return request
  }

  private func only(_ id: String, in table: URL) throws -> URL {
    guard
      var components = URLComponents(url: table, resolvingAgainstBaseURL: false),
      // Including characters that `URLQueryItem` leaves as they are, such as a plus sign.
      let escaped = id.addingPercentEncoding(withAllowedCharacters: .alphanumerics)
    else { throw URLError(.badURL) }
    components.percentEncodedQuery = "id=eq.\(escaped)"
    guard let url = components.url else { throw URLError(.badURL) }
    return url
  }
}

let noRow = "NO_ROW"

/// An update to the same values. PostgREST would count no row.
func changesNothing(_ change: CrudEntry) -> Bool {
  change.op == .patch && (change.opDataTyped ?? [:]).isEmpty
}

/// When a transaction is tried again, its rows may be deleted already.
func isDeleted(_ change: CrudEntry, in changes: [CrudEntry]) -> Bool {
  changes.contains { $0.op == .delete && $0.table == change.table && $0.id == change.id }
}

/// Postgres' classes "data exception" and "constraint violation", and row level security.
private func neverAccepted(_ code: String) -> Bool {
  code.range(of: "^(22...|23...|42501)$", options: .regularExpression) != nil
}
