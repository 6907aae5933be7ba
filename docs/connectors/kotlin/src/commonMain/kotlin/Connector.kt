package com.example.app

import com.powersync.PowerSyncDatabase
import com.powersync.connectors.PowerSyncBackendConnector
import com.powersync.connectors.PowerSyncCredentials
import io.ktor.client.HttpClient
import io.ktor.client.plugins.HttpTimeout
import io.ktor.client.plugins.HttpTimeoutConfig
import io.ktor.client.request.bearerAuth
import io.ktor.client.request.get
import io.ktor.client.request.header
import io.ktor.client.statement.HttpResponse
import io.ktor.client.statement.bodyAsText
import io.ktor.http.HttpStatusCode
import io.ktor.http.isSuccess
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.currentCoroutineContext
import kotlinx.coroutines.ensureActive
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.SerializationException
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.contentOrNull
import kotlin.time.Duration
import kotlin.time.Duration.Companion.seconds

/** Longer than the functions wait for Supabase Auth or an identity provider. */
internal val TIME_LIMIT = 15.seconds

/** Who syncs. Your app chooses, and the connector never changes from one to the other. */
sealed interface Caller {
    /** Somebody without an account: the token comes from `powersync-auth-anonymous`. */
    data object Anonymous : Caller

    /**
     * A signed-in user: the token comes from `powersync-auth`.
     *
     * @property accessToken Called for each token. Returns null if nobody is signed in. Throws if it cannot be renewed for
     *   now.
     */
    class SignedIn(val accessToken: suspend () -> String?) : Caller
}

/**
 * What the function answered instead of a token.
 *
 * @property code Explained in docs/errors.md, with what to do.
 * @property reason The word that claims.ts gave to `refusal`.
 */
class TokenException(val status: Int, val code: String?, message: String, val hint: String?, val reason: String?) :
    Exception(listOfNotNull("${code ?: status}: $message", hint).joinToString(" "))

/** A call took longer than its time limit, or something in it was cancelled. */
class TimeLimitException(limit: Duration, cause: Throwable) :
    Exception("No answer within $limit, or a call was cancelled", cause)

/**
 * Fetches PowerSync tokens, and stores none.
 *
 * @param functionsUrl `https://<project>.supabase.co/functions/v1`
 * @param upload Writes local changes to your backend.
 * @param timeLimit For the access token and the function together.
 */
class SupabaseConnector(
    private val functionsUrl: String,
    private val publishableKey: String,
    private val caller: Caller,
    private val upload: suspend (PowerSyncDatabase) -> Unit,
    private val timeLimit: Duration = TIME_LIMIT,
) : PowerSyncBackendConnector() {
    /** Returns null if the user must sign in again. If it throws, PowerSync tries again. */
    override suspend fun fetchCredentials(): PowerSyncCredentials? = limited(timeLimit) {
        when (caller) {
            Caller.Anonymous -> call("powersync-auth-anonymous", null)
            is Caller.SignedIn -> caller.accessToken()?.let { call("powersync-auth", it) }
        }
    }

    override suspend fun uploadData(database: PowerSyncDatabase) = upload(database)

    private suspend fun call(function: String, accessToken: String?): PowerSyncCredentials? {
        val response = http.get("$functionsUrl/$function") {
            header("apikey", publishableKey)
            if (accessToken != null) bearerAuth(accessToken)
        }
        return credentials(response)
    }
}

/** `limited` ends its calls. By itself, OkHttp would give up after 10 seconds. */
private val http = HttpClient {
    install(HttpTimeout) { socketTimeoutMillis = HttpTimeoutConfig.INFINITE_TIMEOUT_MS }
}

/** Signing in again does not help with any other code. */
private val SIGN_IN_AGAIN = setOf("USER_TOKEN_INVALID", "USER_TOKEN_EXPIRED")

private suspend fun credentials(response: HttpResponse): PowerSyncCredentials? {
    val status = response.status
    val text = response.bodyAsText()
    val answer = jsonObject(text)
    fun field(name: String) = (answer?.get(name) as? JsonPrimitive)?.contentOrNull
    val endpoint = field("endpoint")
    val token = field("token")
    if (status.isSuccess() && endpoint != null && token != null) return PowerSyncCredentials(endpoint, token)

    val code = field("code")
    if (status == HttpStatusCode.Unauthorized && code in SIGN_IN_AGAIN) return null
    val message = field("message") ?: "This is not the function's answer: ${text.excerpt()}"
    throw TokenException(status.value, code, message, field("hint"), field("reason"))
}

private fun jsonObject(text: String): JsonObject? = try {
    Json.parseToJsonElement(text) as? JsonObject
} catch (_: SerializationException) {
    null // A proxy's page, for example.
}

private fun String.excerpt(): String =
    take(2_000).replace(Regex("<[^>]*>"), " ").replace(Regex("\\s+"), " ").trim().take(200)

/**
 * Ends a call after a time with an ordinary exception. The exception of `withTimeout` is a cancellation: PowerSync takes it
 * for a `disconnect()` and stops for good.
 */
internal suspend fun <T> limited(limit: Duration, call: suspend () -> T): T = try {
    withTimeout(limit) { call() }
} catch (cancelled: CancellationException) {
    currentCoroutineContext().ensureActive() // It is a disconnect().
    throw TimeLimitException(limit, cancelled)
}
