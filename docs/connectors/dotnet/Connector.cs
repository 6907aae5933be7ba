using PowerSync.Common.Client;
using PowerSync.Common.Client.Connection;

namespace PowerSyncAuth;

/// <summary>Your Supabase project: https://&lt;project&gt;.supabase.co and its publishable key.</summary>
public sealed record Project(string Url, string PublishableKey);

/// <summary>
/// Returns the signed-in user's access token, null if nobody is signed in. Throws if it cannot be renewed for now.
/// </summary>
public delegate Task<string?> AccessToken(CancellationToken cancellation);

/// <summary>Who syncs. Your app chooses: nobody becomes anonymous because a session has ended.</summary>
public abstract record SyncAs
{
    /// <summary>A signed-in user: the token comes from powersync-auth.</summary>
    public sealed record SignedIn(AccessToken AccessToken) : SyncAs;

    /// <summary>Somebody without an account: the token comes from powersync-auth-anonymous.</summary>
    public sealed record Anonymous : SyncAs;
}

/// <summary>What the function answered instead of a token. Code and hint are explained in docs/errors.md.</summary>
public sealed class TokenException(int status, string? code, string? reason, string message, string? hint)
    : Exception($"{code ?? "HTTP"} ({status}): {message} {hint}".TrimEnd())
{
    public int Status { get; } = status;
    public string? Code { get; } = code;
    public string? Hint { get; } = hint;

    /// <summary>The word that claims.ts gave to refusal.</summary>
    public string? Reason { get; } = reason;
}

/// <summary>Fetches PowerSync tokens, and stores none. Make a new one for each connection and dispose the old one.</summary>
public sealed class SupabaseConnector(Project project, SyncAs syncAs, OnRejected onRejected)
    : IPowerSyncBackendConnector, IDisposable
{
    /// <summary>As long as the other SDKs wait. This one would ask again at once, forever.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource disposed = new();
    private Task retry = Task.CompletedTask;

    /// <summary>Returns null if the user must sign in again. If it throws, the SDK tries again.</summary>
    public async Task<PowerSyncCredentials?> FetchCredentials()
    {
        await retry.WaitAsync(disposed.Token);
        PowerSyncCredentials? credentials = null;
        try
        {
            credentials = await Fetch();
            return credentials;
        }
        finally
        {
            if (credentials is null) retry = Task.Delay(RetryDelay);
        }
    }

    public async Task UploadData(IPowerSyncDatabase database)
    {
        var transaction = await database.GetNextCrudTransaction();
        if (transaction is null) return;
        string? accessToken = null;
        if (syncAs is SyncAs.SignedIn signedIn)
        {
            // Without a token the database would reject what this user may write.
            accessToken = await Requests.Limited(cancellation => signedIn.AccessToken(cancellation), disposed.Token)
                ?? throw new InvalidOperationException("Not signed in: local changes wait in the upload queue");
        }
        var upload = new Upload(project, accessToken, disposed.Token);
        var rejected = new List<RejectedChange>();
        foreach (var change in transaction.Crud.Where(change => !Upload.ChangesNothing(change)))
        {
            if (await upload.Write(change) is not { } refused) continue;
            if (refused.Code != Upload.NoRow || !Upload.IsDeletedIn(transaction.Crud, change)) rejected.Add(refused);
        }
        if (rejected.Count > 0) await onRejected(rejected);
        await transaction.Complete();
    }

    /// <summary>Ends running requests, which Disconnect would wait for.</summary>
    public void Dispose() => disposed.Cancel();

    private async Task<PowerSyncCredentials?> Fetch()
    {
        if (syncAs is not SyncAs.SignedIn signedIn) return await Ask("powersync-auth-anonymous", null);
        var token = await Requests.Limited(cancellation => signedIn.AccessToken(cancellation), disposed.Token);
        return token is null ? null : await Ask("powersync-auth", token);
    }

    private async Task<PowerSyncCredentials?> Ask(string function, string? accessToken)
    {
        var url = $"{project.Url}/functions/v1/{function}";
        var answer = await Requests.Send(
            () => Requests.Request(HttpMethod.Get, url, project, accessToken), disposed.Token);
        var token = answer.Text("token");
        var endpoint = answer.Text("endpoint");
        if (answer.IsSuccess && token is not null && endpoint is not null)
        {
            return new PowerSyncCredentials(endpoint, token);
        }
        var code = answer.Text("code");
        // The other 401 are faults of the app, such as a wrong publishable key.
        if (code is "USER_TOKEN_INVALID" or "USER_TOKEN_EXPIRED") return null;
        var message = answer.Text("message")
            ?? $"This is not the function's answer: {answer.Excerpt}";
        throw new TokenException(answer.Status, code, answer.Text("reason"), message, answer.Text("hint"));
    }
}
