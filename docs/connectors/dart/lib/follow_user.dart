import 'dart:async';

import 'package:powersync/powersync.dart';
import 'package:supabase_flutter/supabase_flutter.dart';

/// Connects as the user who is signed in.
class FollowUser {
  FollowUser(this._database, {required this.signedIn, required this.anonymous, required this.onError});

  final PowerSyncDatabase _database;

  /// Make a new connector each time: the SDK keeps the former user's credentials in the old one.
  final PowerSyncBackendConnector Function() signedIn;
  final PowerSyncBackendConnector Function() anonymous;
  final void Function(Object error) onError;

  String? _followed;
  Future<void> _work = Future.value();

  /// Call it whenever the user may have changed, with null after a sign-out or if the session has ended. The same user
  /// again, as after a renewal, changes nothing.
  void follow(String? user) {
    if (user == _followed) return;
    _followed = user;
    // connect() disconnects first.
    _next(user == null ? _database.disconnect : () => _database.connect(connector: signedIn()));
  }

  /// Connects without a user, until someone signs in. Call it when someone chooses to go on without an account, never
  /// because a session ended: the rows of the former user would be removed.
  void syncAnonymously() {
    _followed = null;
    _next(() => _database.connect(connector: anonymous()));
  }

  /// Runs one step after the other, even while the database is still being opened.
  void _next(Future<void> Function() step) {
    _work = _work.then((_) => step()).catchError(onError);
  }
}

/// Follows the user of Supabase Auth. Call it once, after `Supabase.initialize`.
StreamSubscription<AuthState> followSupabaseUser(SupabaseClient supabase, FollowUser following) {
  String? followed;

  Future<void> renew() async {
    try {
      await supabase.auth.refreshSession();
    } catch (error) {
      following.onError(error);
    }
  }

  return supabase.auth.onAuthStateChange.listen((state) {
    // The stream repeats old events to a new listener.
    final user = supabase.auth.currentUser;
    final now = user == null ? null : '${user.id} ${user.isAnonymous}';
    final isSameUser = user != null && followed == '${user.id} true';
    if (isSameUser && now != followed && state.event == AuthChangeEvent.userUpdated) {
      // An anonymous user became permanent, and the access token does not say so yet. tokenRefreshed follows.
      unawaited(renew());
      return;
    }
    followed = now;
    following.follow(now);
  }, onError: following.onError);
}
