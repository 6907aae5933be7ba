using System.Text;
using System.Text.RegularExpressions;

using Newtonsoft.Json;

using PowerSync.Common.DB.Crud;

namespace PowerSyncAuth;

/// <summary>A local change that the database will never take as it is.</summary>
/// <param name="Change">The change.</param>
/// <param name="Code">Postgres' code. NO_ROW if the row does not exist, or this user may not change it.</param>
/// <param name="Message">Postgres' message.</param>
public sealed record RejectedChange(CrudEntry Change, string Code, string Message);

/// <summary>
/// Gets the changes of a transaction that were rejected. Once it returns, they leave the upload queue, and the next sync
/// undoes them locally: save them for the user or your support. If it throws, the whole transaction is tried again.
/// </summary>
public delegate Task OnRejected(IReadOnlyList<RejectedChange> changes);

/// <summary>
/// Writes one change after the other. PostgREST commits each request alone, so what follows a rejected change is still
/// written.
/// </summary>
internal sealed class Upload(Project project, string? accessToken, CancellationToken cancellation)
{
    /// <summary>Postgres' classes "data exception" and "constraint violation", and row level security.</summary>
    private static readonly Regex NeverAccepted = new("^(22...|23...|42501)$");

    /// <summary>Returns the change if it can never succeed, and throws if it is to be tried again.</summary>
    public async Task<RejectedChange?> Write(CrudEntry change)
    {
        var answer = await Requests.Send(() => Request(change), cancellation);
        if (answer.IsSuccess)
        {
            // Row level security hides the rows that a user may not change: Postgres then changes none.
            if (change.Op != UpdateType.PATCH || answer.ContentRange?.EndsWith("/0") != true) return null;
            return new RejectedChange(change, "NO_ROW", $"There is no {change.Table} {change.Id} that this user may change");
        }
        var code = answer.Text("code") ?? "HTTP";
        var message = answer.Text("message") ?? answer.Excerpt;
        // 401: the session has ended. Whoever signs in may have the right.
        if (NeverAccepted.IsMatch(code) && (answer.Status != 401 || accessToken is null))
        {
            return new RejectedChange(change, code, message);
        }
        throw new HttpRequestException($"{code} ({answer.Status}): {message}");
    }

    private HttpRequestMessage Request(CrudEntry change)
    {
        var table = $"{project.Url}/rest/v1/{Uri.EscapeDataString(change.Table)}";
        var row = $"{table}?id=eq.{Uri.EscapeDataString(change.Id)}";
        var values = new Dictionary<string, object?>();
        if (change.OpData is { } data)
        {
            foreach (var (name, value) in data) values[name] = value;
        }
        switch (change.Op)
        {
            case UpdateType.PUT:
                values["id"] = change.Id;
                return With(HttpMethod.Post, table, "resolution=merge-duplicates", values);
            case UpdateType.PATCH:
                return With(HttpMethod.Patch, row, "count=exact", values);
            default:
                return Requests.Request(HttpMethod.Delete, row, project, accessToken);
        }
    }

    private HttpRequestMessage With(HttpMethod method, string url, string prefer, Dictionary<string, object?> values)
    {
        var request = Requests.Request(method, url, project, accessToken);
        request.Headers.Add("Prefer", prefer);
        request.Content = new StringContent(JsonConvert.SerializeObject(values), Encoding.UTF8, "application/json");
        return request;
    }
}
