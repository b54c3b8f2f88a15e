import { dateOrNull, formatNumber, rfc2822 } from './provider-format.ts';
import type { CallRecord, MessageRecord, RecordingRecord } from './types.ts';

/** The provider's JSON for its resources: every field, snake_case, null where it says null. */
const version = '2010-04-01';
const base = (accountSid: string): string => `/${version}/Accounts/${accountSid}`;

export function messageJson(accountSid: string, message: MessageRecord): Record<string, unknown> {
  const path = `${base(accountSid)}/Messages/${message.sid}`;
  return {
    body: message.redacted ? '' : message.body,
    num_segments: String(message.segments),
    direction: message.direction,
    from: message.status === 'accepted' ? null : message.from,
    to: message.to,
    date_updated: rfc2822(message.updatedAt),
    price: null,
    error_message: message.errorMessage,
    uri: `${path}.json`,
    account_sid: accountSid,
    num_media: '0',
    status: message.status,
    messaging_service_sid: message.messagingServiceSid,
    sid: message.sid,
    date_sent: dateOrNull(message.sentAt),
    date_created: rfc2822(message.createdAt),
    error_code: message.errorCode,
    price_unit: 'USD',
    api_version: version,
    subresource_uris: { media: `${path}/Media.json` },
  };
}

export function callJson(accountSid: string, call: CallRecord): Record<string, unknown> {
  const path = `${base(accountSid)}/Calls/${call.sid}`;
  const parts = {
    notifications: 'Notifications', recordings: 'Recordings', payments: 'Payments', events: 'Events', siprec: 'Siprec', streams: 'Streams',
    transcriptions: 'Transcriptions', user_defined_message_subscriptions: 'UserDefinedMessageSubscriptions', user_defined_messages: 'UserDefinedMessages',
  };
  return {
    sid: call.sid,
    date_created: rfc2822(call.createdAt),
    date_updated: rfc2822(call.updatedAt),
    parent_call_sid: null,
    account_sid: accountSid,
    to: call.to,
    to_formatted: formatNumber(call.to),
    from: call.from,
    from_formatted: formatNumber(call.from),
    phone_number_sid: null,
    status: call.status,
    start_time: dateOrNull(call.startedAt),
    end_time: dateOrNull(call.endedAt),
    duration: call.endedAt === null ? null : String(call.durationSeconds ?? 0),
    price: null,
    price_unit: 'USD',
    direction: call.direction,
    answered_by: call.answeredBy,
    api_version: version,
    forwarded_from: null,
    group_sid: null,
    caller_name: null,
    queue_time: '0',
    trunk_sid: null,
    uri: `${path}.json`,
    subresource_uris: Object.fromEntries(Object.entries(parts).map(([name, file]) => [name, `${path}/${file}.json`])),
  };
}

function sharedRecordingJson(accountSid: string, recording: RecordingRecord): Record<string, unknown> {
  return {
    account_sid: accountSid,
    api_version: version,
    call_sid: recording.callSid,
    conference_sid: null,
    date_created: rfc2822(recording.createdAt),
    date_updated: rfc2822(recording.updatedAt),
    start_time: rfc2822(recording.startedAt),
    duration: recording.durationSeconds === null ? null : String(recording.durationSeconds),
    sid: recording.sid,
    price: null,
    encryption_details: null,
    price_unit: 'USD',
    status: recording.status,
    channels: 1,
    source: recording.source,
    error_code: null,
  };
}

/** As listed beneath its call, which is where twilio-node's `calls(sid).recordings` looks. */
export function callRecordingJson(accountSid: string, recording: RecordingRecord): Record<string, unknown> {
  const uri = `${base(accountSid)}/Calls/${recording.callSid}/Recordings/${recording.sid}.json`;
  return { ...sharedRecordingJson(accountSid, recording), uri, track: 'both' };
}

/** By itself. */
export function recordingJson(accountSid: string, recording: RecordingRecord, publicUrl: string): Record<string, unknown> {
  const path = `${base(accountSid)}/Recordings/${recording.sid}`;
  return {
    ...sharedRecordingJson(accountSid, recording),
    uri: `${path}.json`,
    media_url: recordingUrl(accountSid, recording.sid, publicUrl),
    subresource_uris: { add_on_results: `${path}/AddOnResults.json`, transcriptions: `${path}/Transcriptions.json` },
  };
}

/** Where the sound is: WAV as it stands or with `.wav`; `.mp3` is answered with the same WAV. */
export const recordingUrl = (accountSid: string, sid: string, publicUrl: string): string => `${publicUrl}${base(accountSid)}/Recordings/${sid}`;
