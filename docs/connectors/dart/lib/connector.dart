import 'dart:async';

import 'package:powersync/powersync.dart';
import 'package:supabase_flutter/supabase_flutter.dart';

import 'upload.dart';

/// Returns the signed-in user's access token, null if nobody is signed in. Throws if it cannot be renewed for now.
typedef AccessToken = Future<String?> Function();

/// Who syncs. Your app chooses: nobody becomes anonymous because a session has ended.
sealed class SyncAs {
  const SyncAs();
}

/// A signed-in user: the token comes from `powersync-auth`.
final class SignedIn extends SyncAs {
  const SignedIn(this.accessToken);

  final AccessToken accessToken;
}

/// Somebody without an account: the token comes from `powersync-auth-anonymous`.
final class Anonymous extends SyncAs {
  const Anonymous();
}

/// The access token of supabase_flutter's session.
AccessToken supabaseSession(SupabaseClient supabase) => () async {
  try {
    return (await supabase.auth.getSession())?.accessToken;
  } on AuthApiException catch (error) {
    // Supabase Auth refused to renew the session. Older versions of it send no code; gateways send none either.
    if (error.code != null || error.statusCode == '400') return null;
    rethrow;
  }
};

/// What the function answered instead of a token. `code` and `hint` are explained in docs/errors.md.
class TokenException implements Exception {
  const TokenException(this.status, {this.code, this.reason, this.message, this.hint});

  final int status;
  final String? code;

  /// The word that claims.ts gave to `refusal`.
  final String? reason;
  final String? message;
  final String? hint;

  @override
  String toString() => [code == null ? '$status' : '$code ($status)', ?reason, ?message, ?hint].join(' ');
}

/// Fetches PowerSync tokens, and uploads to Supabase. The SDK keeps its credentials in this object: each user needs a
/// new one.
class SupabaseConnector extends PowerSyncBackendConnector {
  SupabaseConnector({
    required this.supabase,
    required this.syncAs,
    required this.onRejected,
    this.schema = 'public',
    this.timeLimit = const Duration(seconds: 15),
  });

  final SupabaseClient supabase;
  final SyncAs syncAs;
  final OnRejected onRejected;

  /// Of the tables that local changes are written to.
  final String schema;

  /// For each request. Longer than the functions wait for Supabase Auth or an identity provider.
  final Duration timeLimit;

  /// Returns null if the user must sign in again. If it throws, the SDK tries again.
  @override
  Future<PowerSyncCredentials?> fetchCredentials() async {
    final headers = await _authorization();
    if (headers == null) return null;
    final name = switch (syncAs) {
      SignedIn() => 'powersync-auth',
      Anonymous() => 'powersync-auth-anonymous',
    };
    try {
      final FunctionResponse(:status, :data) = await limited(
        timeLimit,
        (abort) => supabase.functions.invoke(name, method: HttpMethod.get, headers: headers, abortSignal: abort),
      );
      if (data case {'token': final String token, 'endpoint': final String endpoint}) {
        // Without a final slash, the SDK would drop the last part of a URL that has a path.
        return PowerSyncCredentials(endpoint: endpoint.endsWith('/') ? endpoint : '$endpoint/', token: token);
      }
      throw _notOurs(status, data);
    } on FunctionsFetchException {
      rethrow; // No connection.
    } on FunctionException catch (error) {
      final details = error.details;
      if (details is! Map || details['message'] is! String) throw _notOurs(error.status, details);
      // The other 401 are faults of the app, such as a wrong publishable key.
      if (const {'USER_TOKEN_INVALID', 'USER_TOKEN_EXPIRED'}.contains(details['code'])) return null;
      throw TokenException(
        error.status,
        code: details['code']?.toString(),
        reason: details['reason']?.toString(),
        message: details['message']?.toString(),
        hint: details['hint']?.toString(),
      );
    }
  }

  @override
  Future<void> uploadData(PowerSyncDatabase database) async {
    final transaction = await database.getNextCrudTransaction();
    if (transaction == null) return;
    final headers = await _authorization();
    if (headers == null) throw const NotSignedInException();
    final upload = Upload(supabase, headers: headers, schema: schema, timeLimit: timeLimit);
    final rejected = [
      for (final change in transaction.crud)
        if (!changesNothing(change))
          if (await upload.write(change) case final refused?)
            if (refused.code != noRow || !isDeletedIn(transaction.crud, change)) refused,
    ];
    if (rejected.isNotEmpty) await onRejected(rejected);
    await transaction.complete();
  }

  /// Null if nobody is signed in.
  Future<Map<String, String>?> _authorization() async {
    switch (syncAs) {
      case Anonymous():
        return const {};
      case SignedIn(:final accessToken):
        final token = await limited(timeLimit, (_) => accessToken());
        return token == null ? null : {'Authorization': 'Bearer $token'};
    }
  }
}

/// A proxy's page, a captive portal, or another function.
TokenException _notOurs(int status, Object? answer) {
  String firstOf(String text, int length) => text.length > length ? text.substring(0, length) : text;
  final text = firstOf('$answer', 2000).replaceAll(RegExp('<[^>]*>'), ' ').replaceAll(RegExp(r'\s+'), ' ').trim();
  final start = firstOf(text, 200);
  return TokenException(status, message: "This is not the function's answer: $start");
}

/// Ends a call after a time: for the caller, and for a request that listens to `abort`.
Future<T> limited<T>(Duration limit, Future<T> Function(Future<void> abort) call) {
  final abort = Completer<void>();
  return call(abort.future).timeout(
    limit,
    onTimeout: () {
      abort.complete();
      throw TimeoutException('No answer', limit);
    },
  );
}
