import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';

/**
 * Stands where the phone network would: accepts every message at once and says no more of it. It is not the phone
 * simulator, because a network's own work is no cost of the product. Tells its parent how many it has taken when asked.
 */
let taken = 0;
const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => void pieces.push(piece));
  request.on('end', () => {
    const form = new URLSearchParams(Buffer.concat(pieces).toString());
    const now = new Date().toUTCString();
    const message = { sid: `SM${randomBytes(16).toString('hex')}`, to: form.get('To'), from: form.get('From'), body: form.get('Body'), status: 'queued', direction: 'outbound-api', date_created: now, date_updated: now, date_sent: null, error_code: null };
    taken += 1;
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(message));
  });
});
process.on('message', () => process.send?.(taken));
server.listen(Number(process.env['PHONE_PORT']), '127.0.0.1', () => process.send?.('ready'));
process.once('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
  if (process.connected) process.disconnect();
});
