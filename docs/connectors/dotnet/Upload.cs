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

    public const string NoRow = "NO_ROW";

    /// <summary>An update to the same values. PostgREST would count no row.</summary>
    public static bool ChangesNothing(CrudEntry change) =>
        change.Op == UpdateType.PATCH && change.OpData is not { Count: > 0 };

    /// <summary>When a transaction is tried again, its rows may be deleted already.</summary>
    public static bool IsDeletedIn(IEnumerable<CrudEntry> changes, CrudEntry change) =>
        changes.Any(other => other.Op == UpdateType.DELETE && other.Table == change.Table && other.Id == change.Id);

    /// <summary>Returns the change if it can never succeed, and throws if it is to be tried again.</summary>
    public async Task<RejectedChange?> Write(CrudEntry change)
    {
        var answer = await Requests.Send(() => Request(change), cancellation);
        if (answer.IsSuccess)
        {
            if (answer.ContentRange is not { } count)
            {
                throw new HttpRequestException($"This is not PostgREST's answer ({answer.Status}): {answer.Excerpt}");
            }
            // Row level security hides the rows that a user may not change: Postgres then changes none.
            if (change.Op != UpdateType.PATCH || !count.EndsWith("/0")) return null;
            return new RejectedChange(change, NoRow, $"There is no {change.Table} {change.Id} that this user may change");
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
        var (method, url, prefer) = change.Op switch
        {
            UpdateType.PUT => (HttpMethod.Post, table, "resolution=merge-duplicates,count=exact"),
            UpdateType.PATCH => (HttpMethod.Patch, row, "count=exact"),
            _ => (HttpMethod.Delete, row, "count=exact"),
        };
        if (change.Op == UpdateType.PUT) values["id"] = change.Id;
        var request = Requests.Request(method, url, project, accessToken);
        request.Headers.Add("Prefer", prefer);
        if (change.Op != UpdateType.DELETE)
        {
            request.Content = new StringContent(JsonConvert.SerializeObject(values), Encoding.UTF8, "application/json");
        }
        return request;
    }
}
