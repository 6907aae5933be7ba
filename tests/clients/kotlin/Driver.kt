/** Runs the connectors of docs/connectors/kotlin for kotlin_test.ts: commands come in and events go out, as lines of JSON. */
package com.example.app

import com.powersync.DatabaseDriverFactory
import com.powersync.PowerSyncDatabase
import com.powersync.db.getLong
import com.powersync.db.getString
import com.powersync.db.schema.Column
import com.powersync.db.schema.Schema
import com.powersync.db.schema.Table
import io.github.jan.supabase.SupabaseClient
import io.github.jan.supabase.annotations.SupabaseInternal
import io.github.jan.supabase.auth.Auth
import io.github.jan.supabase.auth.MemoryCodeVerifierCache
import io.github.jan.supabase.auth.MemorySessionManager
import io.github.jan.supabase.auth.auth
import io.github.jan.supabase.auth.providers.builtin.Email
import io.github.jan.supabase.auth.status.SessionStatus
import io.github.jan.supabase.createSupabaseClient
import io.github.jan.supabase.postgrest.Postgrest
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.awaitCancellation
import kotlinx.coroutines.cancel
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout
import kotlinx.serialization.json.Json
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonNull
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.jsonArray
import kotlinx.serialization.json.jsonObject
import kotlinx.serialization.json.jsonPrimitive
import kotlin.system.exitProcess
import kotlin.time.Clock
import kotlin.time.Duration.Companion.milliseconds
import kotlin.time.Duration.Companion.seconds

private val schema = Schema(Table("notes", listOf(Column.text("body"), Column.integer("size"))))

private const val NOTES = "SELECT id FROM notes ORDER BY id"

/** One app: a Supabase client and a database, followed as App.kt does it. */
private class Device(private val name: String, private val project: Project) {
    private val scope = CoroutineScope(Dispatchers.Default + SupervisorJob())
    private val database = PowerSyncDatabase(DatabaseDriverFactory(), schema, "$name.db")
    private lateinit var supabase: SupabaseClient
    private lateinit var following: FollowUser
    private val users = MutableStateFlow<String?>(null)
    private var providerToken = ""
    private var refusesToSave = false

    @OptIn(SupabaseInternal::class)
    suspend fun run(command: String, details: JsonObject): JsonElement {
        fun text(name: String) = details.getValue(name).jsonPrimitive.content
        when (command) {
            "open" -> open()
            "openWithProvider" -> openWithProvider()
            "provide" -> {
                providerToken = text("token")
                users.value = text("user").ifEmpty { null }
            }
            "signIn" -> supabase.auth.signInWith(Email) { email = text("email"); password = text("password") }
            "signInAnonymously" -> supabase.auth.signInAnonymously()
            "becomePermanent" -> supabase.auth.updateUser { email = text("email"); password = text("password") }
            "signOut" -> supabase.auth.signOut()
            "refresh" -> supabase.auth.refreshCurrentSession()
            "expire" -> expire(text("autoRefresh").toBoolean())
            "background" -> supabase.auth.setSessionStatus(SessionStatus.Initializing)
            "foreground" -> supabase.auth.loadFromStorage()
            "syncAnonymously" -> following.syncAnonymously()
            "write" -> write(details.getValue("statements").jsonArray.map { it.jsonPrimitive.content })
            "saveRefused" -> refusesToSave = !text("works").toBoolean()
            "queue" -> return JsonPrimitive(database.getAll("SELECT id FROM ps_crud") { it.getLong("id") }.size)
            "uploaded" -> database.watch("SELECT id FROM ps_crud") { it.getLong("id") }.first { it.isEmpty() }
            "ask" -> return ask(text("token"), text("timeoutMs").toInt())
            "close" -> close()
            else -> error("Unknown command $command")
        }
        return JsonNull
    }

    private fun open() {
        supabase = createSupabaseClient(project.url, project.publishableKey) {
            install(Auth) {
                sessionManager = MemorySessionManager()
                codeVerifierCache = MemoryCodeVerifierCache()
            }
            install(Postgrest)
        }
        following = scope.syncWithSupabase(project, supabase, database, ::saveRefused)
        watch()
    }

    private fun openWithProvider() {
        following = scope.syncWithProvider(project, users, ::tokenOfProvider, database, ::saveRefused)
        watch()
    }

    private suspend fun tokenOfProvider(): String? = when (providerToken) {
        "fails" -> error("The provider cannot be reached")
        // As an SDK of a provider may do it.
        "hangs" -> withTimeout(1) { awaitCancellation() }
        else -> providerToken.ifEmpty { null }
    }

    private suspend fun saveRefused(refused: List<RefusedChange>) {
        tell("refused", "changes" to refused.joinToString { "${it.entry.op} ${it.entry.id} ${it.code}" })
        if (refusesToSave) error("The disk is full")
    }

    private fun watch() = scope.launch {
        launch {
            database.watch(NOTES) { it.getString("id") }.collect { tell("notes", "ids" to it.joinToString()) }
        }
        database.currentStatus.asFlow().collect {
            val (connected, connecting) = it.connected to it.connecting
            val errors = arrayOf("downloadError" to it.downloadError, "uploadError" to it.uploadError)
            tell("status", "connected" to connected, "connecting" to connecting, *errors)
        }
    }

    /** The session as it is when a phone wakes up after a long time. */
    private suspend fun expire(autoRefresh: Boolean) {
        val session = checkNotNull(supabase.auth.currentSessionOrNull())
        supabase.auth.importSession(session.copy(expiresAt = Clock.System.now() - 60.seconds), autoRefresh)
        // Until its own refresh has failed, supabase-kt shows the former session.
        if (autoRefresh) supabase.auth.sessionStatus.first { it !is SessionStatus.Authenticated }
    }

    private suspend fun write(statements: List<String>) = database.writeTransaction { transaction ->
        statements.forEach { transaction.execute(it) }
    }

    /** One call of `fetchCredentials`, outside of PowerSync. */
    private suspend fun ask(token: String, timeoutMs: Int): JsonElement {
        val who = if (token.isEmpty()) Caller.Anonymous else Caller.SignedIn { token }
        val functionsUrl = "${project.url}/functions/v1"
        val connector = SupabaseConnector(functionsUrl, project.publishableKey, who, {}, timeoutMs.milliseconds)
        return try {
            connector.fetchCredentials()?.let { json("token" to it.token) } ?: JsonNull
        } catch (error: TokenException) {
            val (status, code) = error.status to error.code
            json("error" to error, "status" to status, "code" to code, "hint" to error.hint, "reason" to error.reason)
        } catch (error: Exception) {
            json("error" to error)
        }
    }

    private suspend fun close() {
        scope.cancel()
        database.close()
        if (::supabase.isInitialized) supabase.close()
    }

    private fun tell(event: String, vararg details: Pair<String, Any?>) =
        say("event" to event, "device" to name, *details)
}

private fun json(vararg members: Pair<String, Any?>) = JsonObject(members.toMap().mapValues { (_, value) ->
    when (value) {
        is JsonElement -> value
        is Boolean -> JsonPrimitive(value)
        is Int -> JsonPrimitive(value)
        else -> JsonPrimitive(value?.toString())
    }
})

private fun say(vararg event: Pair<String, Any?>) {
    val line = json(*event).toString()
    synchronized(schema) { println(line) }
}

fun main(): Unit = runBlocking(Dispatchers.Default) {
    val devices = mutableMapOf<String, Device>()
    for (line in generateSequence(::readLine)) {
        val details = Json.parseToJsonElement(line).jsonObject
        fun text(name: String) = details.getValue(name).jsonPrimitive.content
        val device = devices.getOrPut(text("device")) {
            Device(text("device"), Project(text("url"), text("publishableKey")))
        }
        launch {
            val number = details["number"]
            try {
                say("event" to "done", "number" to number, "result" to device.run(text("command"), details))
            } catch (error: Exception) {
                say("event" to "done", "number" to number, "error" to error)
            }
        }
    }
    exitProcess(0)
}
