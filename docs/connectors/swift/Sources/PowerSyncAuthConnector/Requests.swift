import Foundation

public struct TimeLimitReached: LocalizedError, Sendable {
  let seconds: TimeInterval

  public var errorDescription: String? { "No answer within \(seconds) s" }
}

/// Ends a call after a time, even one that ignores cancellation, such as a refresh in supabase-swift. A task
/// group would wait for it, and `timeoutInterval` begins again with each byte.
func limited<Value: Sendable>(
  _ seconds: TimeInterval, _ call: @escaping @Sendable () async throws -> Value
) async throws -> Value {
  let (values, end) = AsyncThrowingStream<Value, any Error>.makeStream()
  let work = Task {
    do {
      end.yield(try await call())
      end.finish()
    } catch {
      end.finish(throwing: error)
    }
  }
  let timer = Task {
    try await Task.sleep(nanoseconds: UInt64(seconds * 1_000_000_000))
    end.finish(throwing: TimeLimitReached(seconds: seconds))
  }
  defer {
    work.cancel()
    timer.cancel()
  }
  for try await value in values { return value }
  // PowerSync disconnected.
  throw CancellationError()
}

struct Answer: Sendable {
  let status: Int
  let contentRange: String?
  let body: Data

  func decoded<Value: Decodable>(_ type: Value.Type) throws -> Value {
    try JSONDecoder().decode(type, from: body)
  }

  /// The beginning of a proxy's page, for an error.
  var excerpt: String {
    let text = String(decoding: body.prefix(2_000), as: UTF8.self)
      .replacingOccurrences(of: "<[^>]*>", with: " ", options: .regularExpression)
      .replacingOccurrences(of: "\\s+", with: " ", options: .regularExpression)
    return String(text.prefix(200))
  }
}

func send(_ request: URLRequest) async throws -> Answer {
  let (body, response) = try await URLSession.shared.data(for: request)
  guard let response = response as? HTTPURLResponse else { throw URLError(.badServerResponse) }
  let contentRange = response.value(forHTTPHeaderField: "Content-Range")
  return Answer(status: response.statusCode, contentRange: contentRange, body: body)
}

extension URLRequest {
  mutating func authorize(_ project: Project, accessToken: String?) {
    cachePolicy = .reloadIgnoringLocalCacheData
    setValue(project.publishableKey, forHTTPHeaderField: "apikey")
    if let accessToken { setValue("Bearer \(accessToken)", forHTTPHeaderField: "Authorization") }
  }
}
