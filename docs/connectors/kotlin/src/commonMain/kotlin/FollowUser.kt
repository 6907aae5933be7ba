package com.example.app

import com.powersync.PowerSyncDatabase
import com.powersync.connectors.PowerSyncBackendConnector
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.distinctUntilChanged
import kotlinx.coroutines.sync.Mutex
import kotlinx.coroutines.sync.withLock

/**
 * Connects PowerSync as the user who is signed in. A token stays for a whole connection, so a change of the user needs a
 * new connection.
 *
 * @param users Who is signed in, or null: `auth.users()` for Supabase. A value that is repeated changes nothing.
 */
class FollowUser(
    private val database: PowerSyncDatabase,
    private val users: Flow<String?>,
    private val signedIn: PowerSyncBackendConnector,
    private val anonymous: PowerSyncBackendConnector,
) {
    private val connecting = Mutex()
    private var connectedAs: String? = null

    /** Follows until it is cancelled: launch it in a scope that lives as long as your app. */
    suspend fun follow() = users.distinctUntilChanged().collect { user ->
        connecting.withLock {
            // connect() disconnects first.
            if (user != null) database.connect(signedIn) else if (connectedAs != null) database.disconnect()
            connectedAs = user
        }
    }

    /**
     * Connects without a user, until someone signs in. Call it when someone chooses to go on without an account, never
     * because a session ended: the rows of the former user would be removed.
     */
    suspend fun syncAnonymously() = connecting.withLock {
        connectedAs = null
        database.connect(anonymous)
    }
}
