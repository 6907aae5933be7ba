package com.example.app

import com.powersync.PowerSyncDatabase
import com.powersync.db.crud.CrudEntry
import com.powersync.db.crud.CrudTransaction
import com.powersync.db.crud.UpdateType
import io.github.jan.supabase.SupabaseClient
import io.github.jan.supabase.postgrest.exception.PostgrestRestException
import io.github.jan.supabase.postgrest.from
import io.github.jan.supabase.postgrest.query.Count
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.delay
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlin.time.Duration.Companion.seconds

/** Postgres' classes "data exception" and "constraint violation", and row level security. */
private val NEVER_ACCEPTED = Regex("22...|23...|42501")

private const val NO_ROW = "NO_ROW"

private val WAKE_EVERY = 5.seconds

/** Nobody is signed in: local changes stay in the queue. */
class NotSignedInException : Exception("Local changes are uploaded when someone has signed in")

/**
 * A local change that the database will never take as it is.
 *
 * @property code Postgres' code. NO_ROW if the row does not exist, or this user may not change it.
 */
class RefusedChange(val entry: CrudEntry, val code: String, val message: String)

/**
 * Writes local changes to Supabase: one transaction for each call, its operations in order.
 *
 * A change that can never succeed would block the queue for ever. It is left out, your app gets it, and the rest of its
 * transaction is sent: PostgREST commits each request alone, so nothing can be undone there. Where the operations of a
 * transaction belong together, send them to a database function with `rpc` instead.
 *
 * @param caller Who syncs. What an anonymous caller may write is for row level security to say: nobody waits for a sign-in.
 * @param onRefused Saves the refused changes of a transaction for the user or your support. Once it returns, they leave the
 *   queue, and the next sync undoes them on this device. If it throws, the whole transaction is tried again.
 */
class SupabaseUpload(
    private val supabase: SupabaseClient,
    private val caller: Caller,
    private val onRefused: suspend (List<RefusedChange>) -> Unit,
) {
    /** Throws if the transaction must be tried again. */
    suspend fun upload(database: PowerSyncDatabase) {
        val transaction = database.getNextCrudTransaction() ?: return
        val refused = transaction.crud.filterNot { it.changesNothing() }.mapNotNull { entry ->
            limited(TIME_LIMIT) {
                // Without a session supabase-kt would send the API key, and the database would refuse the change for good.
                if (caller is Caller.SignedIn && caller.accessToken() == null) throw NotSignedInException()
                send(entry).takeUnless { it?.code == NO_ROW && transaction.deletes(entry) }
            }
        }
        if (refused.isNotEmpty()) onRefused(refused)
        transaction.complete(null)
    }

    /** Returns the change if it is refused for good, and throws if it must be tried again. */
    private suspend fun send(entry: CrudEntry): RefusedChange? = try {
        val table = supabase.from(entry.table)
        // Not `typed`: it has no 64-bit integers.
        val values = entry.opData?.jsonValues.orEmpty()
        val rows = when (entry.op) {
            UpdateType.PUT -> table.upsert(JsonObject(values + ("id" to JsonPrimitive(entry.id)))) { count(Count.EXACT) }
            UpdateType.PATCH -> table.update(JsonObject(values)) {
                count(Count.EXACT)
                filter { eq("id", entry.id) }
            }
            UpdateType.DELETE -> table.delete {
                count(Count.EXACT)
                filter { eq("id", entry.id) }
            }
        }.countOrNull() ?: error("This is not PostgREST's answer. The change is tried again.")
        // Row level security hides the rows that a user may not change: Postgres then changes none.
        if (entry.op == UpdateType.PATCH && rows == 0L) RefusedChange(entry, NO_ROW, "There is no ${entry.table} ${entry.id} that this user may change")
        else null
    } catch (error: PostgrestRestException) {
        val code = error.code.orEmpty()
        // 401: the session has ended. Whoever signs in may have the right.
        val hasEnded = error.statusCode == 401 && caller is Caller.SignedIn
        if (hasEnded || !NEVER_ACCEPTED.matches(code)) throw error
        RefusedChange(entry, code, error.error)
    }
}

/**
 * Wakes the upload while changes are waiting. PowerSync 1.14.1 tries a failed upload again only after the next local change
 * or connection, and can miss a change that is made while another upload ends.
 */
suspend fun wakeUploads(database: PowerSyncDatabase) {
    while (true) {
        delay(WAKE_EVERY)
        try {
            // Changes nothing, but PowerSync watches this table.
            database.execute("UPDATE ps_crud SET tx_id = tx_id WHERE id = (SELECT min(id) FROM ps_crud)")
        } catch (cancelled: CancellationException) {
            throw cancelled
        } catch (_: Exception) {
            // A full disk, for example. It must not end the scope, and with it what follows the user.
        }
    }
}

/** An update to the same values. PostgREST would count no row. */
private fun CrudEntry.changesNothing(): Boolean = op == UpdateType.PATCH && opData?.jsonValues.orEmpty().isEmpty()

/** When a transaction is tried again, its rows may be deleted already. */
private fun CrudTransaction.deletes(entry: CrudEntry): Boolean =
    crud.any { it.op == UpdateType.DELETE && it.table == entry.table && it.id == entry.id }
