package com.example.app

import io.github.jan.supabase.auth.Auth
import io.github.jan.supabase.auth.exception.AuthRestException
import io.github.jan.supabase.auth.status.SessionStatus
import io.github.jan.supabase.auth.user.UserSession
import io.github.jan.supabase.exceptions.BadRequestRestException
import io.github.jan.supabase.exceptions.RestException
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.channelFlow
import kotlinx.coroutines.flow.collectLatest
import kotlinx.coroutines.flow.first
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlin.io.encoding.Base64
import kotlin.time.Clock
import kotlin.time.Duration.Companion.seconds

/** A token that ends sooner is refreshed before it is used. */
private val REFRESH_BEFORE = 10.seconds

/** As long as PowerSync waits before it tries again. */
private val RETRY_DELAY = 5.seconds

/** The session could not be refreshed, but the user did not sign out. */
class SessionUnavailableException : Exception("The session expired, and Supabase Auth could not be reached to refresh it")

/**
 * The access token of the signed-in user, refreshed if it has expired.
 *
 * @return Null if nobody is signed in, or the session was refused.
 */
suspend fun Auth.accessToken(): String? =
    when (val status = sessionStatus.first { it !is SessionStatus.Initializing }) {
        is SessionStatus.Authenticated ->
            if (status.session.expiresAt - REFRESH_BEFORE > Clock.System.now()) status.session.accessToken
            else refreshedAccessToken()
        is SessionStatus.RefreshFailure -> throw SessionUnavailableException()
        else -> null
    }

/**
 * Who is signed in, and null after a sign-out. The value stays the same when a session is renewed, and there is none while
 * Supabase Auth cannot be reached. It changes when an anonymous user becomes permanent.
 */
fun Auth.users(): Flow<String?> = channelFlow {
    var refreshed: String? = null
    sessionStatus.collectLatest { status ->
        if (status is SessionStatus.NotAuthenticated) send(null)
        if (status is SessionStatus.Authenticated) {
            send(status.session.userOfToken())
            // Once for each user: a hook of yours may keep the claim.
            val user = status.session.user?.id
            while (status.session.isOutdated() && refreshed != user) {
                if (refreshes()) refreshed = user else delay(RETRY_DELAY)
            }
        }
    }
}

/** The user and the rights that the token names: Supabase changes `is_anonymous` in the next token only. */
private fun UserSession.userOfToken(): String = claims().let { "${it.text("sub")} ${it.text("is_anonymous")}" }

private fun UserSession.isOutdated(): Boolean = user?.isAnonymous == false && claims().text("is_anonymous") == "true"

private fun UserSession.claims(): JsonObject {
    val payload = accessToken.split(".")[1]
    val bytes = Base64.UrlSafe.withPadding(Base64.PaddingOption.ABSENT_OPTIONAL).decode(payload)
    return Json.parseToJsonElement(bytes.decodeToString()).jsonObject
}

private fun JsonObject.text(name: String): String? = get(name)?.jsonPrimitive?.content

private suspend fun Auth.refreshes(): Boolean = try {
    refreshedAccessToken() != null
} catch (cancelled: CancellationException) {
    throw cancelled
} catch (_: Exception) {
    false
}

/** As supabase-kt's own refresh, ends the session if Supabase Auth refuses it. */
private suspend fun Auth.refreshedAccessToken(): String? = try {
    refreshCurrentSession()
    currentAccessTokenOrNull()
} catch (refused: RestException) {
    if (!refused.isRefusal()) throw refused
    clearSession()
    null
}

/** Auth's own refusals have a code, or the status 400 before it had codes. A gateway's have neither. */
private fun RestException.isRefusal(): Boolean =
    this is BadRequestRestException || this is AuthRestException && statusCode < 500 && statusCode != 429
