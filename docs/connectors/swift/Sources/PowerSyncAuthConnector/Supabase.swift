import Supabase

/// The access token of supabase-swift's session.
public func supabaseSession(_ supabase: SupabaseClient) -> AccessToken {
  return {
    do {
      return try await supabase.auth.session.accessToken
    } catch AuthError.sessionMissing {
      // Nobody is signed in, or Supabase Auth ended the session.
      return nil
    } catch let AuthError.api(_, code, _, response)
      where [400, 403].contains(response.statusCode) && ![.unknown, .unexpectedFailure].contains(code)
    {
      // Supabase Auth refused to renew the session, such as that of a banned user.
      return nil
    }
  }
}

/// Follows the user of Supabase Auth until its task is cancelled.
public func followSupabaseUser(
  _ supabase: SupabaseClient, _ following: FollowUser, onError: @escaping @Sendable (any Error) -> Void
) async {
  var followed: String?
  for await (event, session) in supabase.auth.authStateChanges {
    let user = session.map { "\($0.user.id) \($0.user.isAnonymous)" }
    if event == .userUpdated, user != followed {
      // An anonymous user became permanent, and the access token does not say so yet. tokenRefreshed follows.
      do { _ = try await limited(15) { try await supabase.auth.refreshSession() } } catch { onError(error) }
      continue
    }
    followed = user
    await following.follow(user)
  }
}
