import 'package:http/http.dart' show BaseClient, BaseRequest, Client, StreamedResponse;
import 'package:powersync/powersync.dart';
import 'package:supabase_flutter/supabase_flutter.dart';

import 'connector.dart';

/// Postgres' classes "data exception" and "constraint violation", and row level security.
final _neverAccepted = RegExp(r'^(22|23)...$|^42501$');

const noRow = 'NO_ROW';

/// An update to the same values. PostgREST would count no row.
bool changesNothing(CrudEntry change) => change.op == UpdateType.patch && (change.opData ?? const {}).isEmpty;

/// When a transaction is tried again, its rows may be deleted already.
bool isDeletedIn(List<CrudEntry> changes, CrudEntry change) => changes.any(
  (other) => other.op == UpdateType.delete && other.table == change.table && other.id == change.id,
);

/// A local change that the database will never take as it is.
class RejectedChange {
  const RejectedChange(this.change, {required this.code, required this.message});

  final CrudEntry change;

  /// Postgres' code. NO_ROW if the row does not exist, or this user may not change it.
  final String code;
  final String message;
}

/// Gets the changes of a transaction that were rejected. Once it returns, they leave the upload queue, and the next
/// sync undoes them locally: save them for the user or your support. If it throws, the whole transaction is tried again.
typedef OnRejected = Future<void> Function(List<RejectedChange> changes);

/// Nobody is signed in: local changes wait in the upload queue.
class NotSignedInException implements Exception {
  const NotSignedInException();

  @override
  String toString() => 'Not signed in: local changes wait in the upload queue';
}

/// Writes one change after the other. PostgREST commits each request alone, so what follows a rejected change is still
/// written.
class Upload {
  const Upload(this.supabase, {required this.headers, required this.schema, required this.timeLimit});

  final SupabaseClient supabase;
  final Map<String, String> headers;
  final String schema;
  final Duration timeLimit;

  /// Returns the change if it can never succeed, and throws if it is to be tried again.
  Future<RejectedChange?> write(CrudEntry change) async {
    final client = _StatusClient(supabase.rest.httpClient!);
    try {
      return await limited(timeLimit, (abort) => _send(change, client, abort));
    } on PostgrestException catch (error) {
      final code = error.code ?? '';
      // 401: the session has ended. Whoever signs in may have the right.
      final hasEnded = client.status == 401 && headers.isNotEmpty;
      if (hasEnded || !_neverAccepted.hasMatch(code)) rethrow;
      return RejectedChange(change, code: code, message: error.message);
    }
  }

  Future<RejectedChange?> _send(CrudEntry change, Client client, Future<void> abort) async {
    final table = PostgrestQueryBuilder<void>(
      url: Uri.parse('${supabase.rest.url}/${change.table}'),
      headers: {...supabase.rest.headers, ...headers},
      schema: schema,
      httpClient: client,
    );
    final request = switch (change.op) {
      UpdateType.put => table.upsert({...?change.opData, 'id': change.id}),
      UpdateType.patch => table.update(change.opData ?? const {}).eq('id', change.id),
      UpdateType.delete => table.delete().eq('id', change.id),
    };
    // Throws if the answer has no count: it is not PostgREST's, and the change is tried again.
    final response = await request.count(CountOption.exact).abortSignal(abort);
    // Row level security hides the rows that a user may not change: Postgres then changes none.
    if (change.op != UpdateType.patch || response.count != 0) return null;
    final message = 'There is no ${change.table} ${change.id} that this user may change';
    return RejectedChange(change, code: noRow, message: message);
  }
}

/// Keeps the status of the answer, which postgrest's exceptions do not have.
class _StatusClient extends BaseClient {
  _StatusClient(this._client);

  final Client _client;
  int? status;

  @override
  Future<StreamedResponse> send(BaseRequest request) async {
    final response = await _client.send(request);
    status = response.statusCode;
    return response;
  }
}
