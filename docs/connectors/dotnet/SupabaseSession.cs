using Supabase.Gotrue;
using Supabase.Gotrue.Exceptions;
using Supabase.Gotrue.Interfaces;

using static Supabase.Gotrue.Constants;

namespace PowerSyncAuth;

/// <summary>The session and the events of supabase-csharp.</summary>
public static class SupabaseSession
{
    /// <summary>A token that ends sooner is renewed first.</summary>
    private static readonly TimeSpan Margin = TimeSpan.FromSeconds(30);

    /// <summary>The access token of the session.</summary>
    public static AccessToken Of(IGotrueClient<User, Session> auth) => async _ =>
    {
        if (auth.CurrentSession is not { AccessToken: not null } session) return null;
        if (session.CreatedAt.ToUniversalTime().AddSeconds(session.ExpiresIn) - Margin > DateTime.UtcNow)
        {
            return session.AccessToken;
        }
        try
        {
            await auth.RefreshToken();
        }
        catch (GotrueException error) when (error.StatusCode is 400 or 403)
        {
            // Supabase Auth refused to renew the session.
            return null;
        }
        return auth.CurrentSession?.AccessToken;
    };

    /// <summary>Follows the user of Supabase Auth, from now on.</summary>
    public static void Follow(IGotrueClient<User, Session> auth, FollowUser following, Action<Exception> onError)
    {
        string? followed = null;

        void OnChange(IGotrueClient<User, Session> sender, AuthState state)
        {
            var user = sender.CurrentSession?.User;
            if (state == AuthState.UserUpdated && user is { IsAnonymous: false } && followed == $"{user.Id} {true}")
            {
                // An anonymous user became permanent, and the access token does not say so yet. TokenRefreshed follows.
                _ = Renew(sender, onError);
                return;
            }
            followed = user is null ? null : $"{user.Id} {user.IsAnonymous}";
            following.Follow(followed);
        }

        auth.AddStateChangedListener(OnChange);
        OnChange(auth, AuthState.SignedIn);
    }

    private static async Task Renew(IGotrueClient<User, Session> auth, Action<Exception> onError)
    {
        try
        {
            await auth.RefreshToken();
        }
        catch (Exception error)
        {
            onError(error);
        }
    }
}
