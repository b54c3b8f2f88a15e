import { json, route } from './http.ts';
import type { ApiRequest, ApiResponse, Route } from './http.ts';
import type { Network } from './network.ts';
import { dateFilter, newestFirst, page } from './paging.ts';
import { notFound, ProviderError } from './provider-error.ts';
import { callRecordingJson, recordingJson } from './resource-json.ts';
import { readRecordingCallback } from './rest-calls.ts';
import type { RecordingRecord } from './types.ts';

/** The provider's Recordings resource, by itself and beneath a call; and the sound. */
export function recordingRoutes(network: Network): Route[] {
  const { accountSid } = network.settings;
  const { exchange } = network;
  const showInCall = (recording: RecordingRecord): Record<string, unknown> => callRecordingJson(accountSid, recording);
  const showAlone = (recording: RecordingRecord): Record<string, unknown> => recordingJson(accountSid, recording, network.settings.publicUrl);
  const find = (request: ApiRequest): RecordingRecord => {
    const recording = exchange.recordings.get(request.params['sid'] ?? '');
    const callSid = request.params['callSid'];
    if (recording === undefined || recording.deleted || (callSid !== undefined && recording.callSid !== callSid)) throw notFound(request.path);
    return recording;
  };
  const list = (query: URLSearchParams, callSid: string | null): RecordingRecord[] => {
    const wasCreated = dateFilter(query, 'DateCreated');
    return newestFirst(exchange.recordings.values()).filter((one) => !one.deleted && (callSid === null || one.callSid === callSid) && wasCreated(one.createdAt));
  };
  const remove = (request: ApiRequest): ApiResponse => {
    const recording = find(request);
    if (recording.status !== 'completed' && recording.status !== 'absent') throw new ProviderError(20009);
    exchange.journal.deleteSound(recording.sid);
    exchange.save({ kind: 'recording', record: { ...recording, deleted: true } });
    return { status: 204 };
  };
  const sound = (request: ApiRequest): ApiResponse => {
    const bytes = exchange.journal.readSound(find(request).sid);
    if (bytes === undefined) throw notFound(request.path);
    return { status: 200, bytes, headers: { 'content-type': 'audio/x-wav' } };
  };
  const account = `/2010-04-01/Accounts/${accountSid}`;
  const inCall = `${account}/Calls/:callSid/Recordings`;
  return [
    route('GET', `${account}/Recordings.json`, (request) => json(page(request, 'recordings', list(request.query, request.query.get('CallSid')), showAlone))),
    route('GET', `${account}/Recordings/:sid.json`, (request) => json(showAlone(find(request)))),
    route('DELETE', `${account}/Recordings/:sid.json`, remove),
    route('DELETE', `${account}/Recordings/:sid`, remove),
    route('GET', `${account}/Recordings/:sid.wav`, sound),
    route('GET', `${account}/Recordings/:sid.mp3`, sound),
    route('GET', `${account}/Recordings/:sid`, sound),
    route('POST', `${inCall}.json`, (request) => json(showInCall(startRecording(network, request)), 201)),
    route('GET', `${inCall}.json`, (request) => json(page(request, 'recordings', list(request.query, request.params['callSid'] ?? ''), showInCall))),
    route('GET', `${inCall}/:sid.json`, (request) => json(showInCall(find(request)))),
    route('POST', `${inCall}/:sid.json`, (request) => {
      const recording = find(request);
      const status = request.form.get('Status');
      if (status !== 'stopped' && status !== 'paused' && status !== 'in-progress') throw new ProviderError(20001, 'Status must be stopped, paused or in-progress.');
      if (network.liveCalls.get(recording.callSid)?.changeRecording(recording.sid, status) !== true) throw new ProviderError(21220, 'The recording has ended.');
      return json({ ...showInCall(find(request)), status });
    }),
    route('DELETE', `${inCall}/:sid.json`, remove),
  ];
}

function startRecording(network: Network, request: ApiRequest): RecordingRecord {
  const callSid = request.params['callSid'] ?? '';
  if (!network.exchange.calls.has(callSid)) throw notFound(request.path);
  const sid = network.liveCalls.get(callSid)?.record('StartCallRecordingAPI', readRecordingCallback(request.form));
  const recording = network.exchange.recordings.get(sid ?? '');
  if (recording === undefined) throw new ProviderError(21220, 'Requested resource is not eligible for recording: the call is not in progress.');
  return recording;
}
