using System.Text.Json;
using System.Text.RegularExpressions;

namespace PowerSyncAuth;

/// <summary>Requests that end.</summary>
internal static class Requests
{
    /// <summary>For each call. Longer than the functions wait for Supabase Auth or an identity provider.</summary>
    private static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(15);

    private static readonly HttpClient Http = new() { Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>Ends the wait for a call after a time, even if the call ignores its token.</summary>
    public static async Task<T> Limited<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(TimeLimit);
        try
        {
            return await call(limit.Token).WaitAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new TimeoutException($"No answer within {TimeLimit.TotalSeconds} s");
        }
    }

    public static Task<Answer> Send(Func<HttpRequestMessage> request, CancellationToken cancellation) =>
        Limited(
            async limited =>
            {
                using var message = request();
                using var response = await Http.SendAsync(message, limited);
                var body = await response.Content.ReadAsStringAsync(limited);
                // PostgREST's "*/0" is not valid for .NET.
                var hasRange = response.Content.Headers.NonValidated.TryGetValues("Content-Range", out var range);
                return new Answer((int)response.StatusCode, hasRange ? range.ToString() : null, body);
            },
            cancellation);

    public static HttpRequestMessage Request(HttpMethod method, string url, Project project, string? accessToken)
    {
        var request = new HttpRequestMessage(method, url);
        request.Headers.Add("apikey", project.PublishableKey);
        if (accessToken is not null) request.Headers.Authorization = new("Bearer", accessToken);
        return request;
    }
}

internal sealed record Answer(int Status, string? ContentRange, string Body)
{
    public bool IsSuccess => Status is >= 200 and < 300;

    /// <summary>The beginning of a proxy's page, for an error.</summary>
    public string Excerpt
    {
        get
        {
            var body = Body.Length > 2000 ? Body[..2000] : Body;
            var text = Regex.Replace(Regex.Replace(body, "<[^>]*>", " "), @"\s+", " ").Trim();
            return text.Length > 200 ? text[..200] : text;
        }
    }

    /// <summary>A member of a JSON object; null if it is not text, or the body is something else.</summary>
    public string? Text(string member)
    {
        try
        {
            using var json = JsonDocument.Parse(Body);
            return json.RootElement.ValueKind == JsonValueKind.Object
                && json.RootElement.TryGetProperty(member, out var value)
                && value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
