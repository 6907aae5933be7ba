using PowerSync.Common.Client;

namespace PowerSyncAuth;

/// <summary>Connects as the user who is signed in.</summary>
/// <param name="database">Your database.</param>
/// <param name="connectorFor">Makes a new connector for each connection.</param>
/// <param name="signedIn">The session.</param>
/// <param name="onError">Gets each error.</param>
public sealed class FollowUser(
    PowerSyncDatabase database,
    Func<SyncAs, SupabaseConnector> connectorFor,
    SyncAs.SignedIn signedIn,
    Action<Exception> onError)
{
    private readonly object gate = new();
    private string? followed;
    private SupabaseConnector? current;
    private Task last = Task.CompletedTask;

    /// <summary>
    /// Call it whenever the user may have changed, with null after a sign-out or if the session has ended. The same user
    /// again, as after a renewal, changes nothing.
    /// </summary>
    public void Follow(string? user)
    {
        lock (gate)
        {
            if (user == followed) return;
            followed = user;
            Next(user is null ? null : signedIn);
        }
    }

    /// <summary>
    /// Connects without a user, until someone signs in. Call it when someone chooses to go on without an account, never
    /// because a session ended: the rows of the former user would be removed.
    /// </summary>
    public void SyncAnonymously()
    {
        lock (gate)
        {
            followed = null;
            Next(new SyncAs.Anonymous());
        }
    }

    private void Next(SyncAs? syncAs)
    {
        var before = last;
        last = Task.Run(() => Connect(before, syncAs));
    }

    /// <summary>Runs one step after the other, even while the database is still being opened.</summary>
    private async Task Connect(Task before, SyncAs? syncAs)
    {
        await before;
        try
        {
            await database.Init();
            // Otherwise Disconnect would wait for its requests.
            current?.Dispose();
            await database.Disconnect();
            current = syncAs is null ? null : connectorFor(syncAs);
            // Not awaited: it returns after the first connection, which may never come.
            if (current is not null) _ = Report(database.Connect(current));
        }
        catch (Exception error)
        {
            onError(error);
        }
    }

    private async Task Report(Task connecting)
    {
        try
        {
            await connecting;
        }
        catch (Exception error)
        {
            onError(error);
        }
    }
}
