import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { blocksProtocol } from '../../../protocols/blocks.ts';
import { headersProtocol } from '../../../protocols/headers.ts';
import { mempoolProtocol } from '../../../protocols/mempool.ts';
import { peersProtocol } from '../../../protocols/peers.ts';
import { statusProtocol } from '../../../protocols/status.ts';
import { transactionsProtocol } from '../../../protocols/transactions.ts';
import { MAX_ORPHANS, MAX_ORPHANS_PER_SOURCE } from '../../../src/mempool/policy.ts';
import { MAX_UNREAD_BYTES, STREAM_WINDOW_BYTES } from '../../../src/network/frameLength.ts';
import { INBOUND } from '../../../src/network/gate.ts';
import * as gossip from '../../../src/network/gossipAllowance.ts';
import { MAX_BACKLOG_BYTES, STILL_LOOKS } from '../../../src/network/gossipBacklog.ts';
import { SCORE_BAN_SEC } from '../../../src/network/gossipGuard.ts';
import { GRAYLIST_SCORE } from '../../../src/network/gossipSettings.ts';
import { MALFORMED_POINTS } from '../../../src/network/gossipVerdict.ts';
import { CROWDED_AHEAD, CROWDED_HEADERS, MAX_AHEAD, MAX_BLOCKLESS } from '../../../src/network/headerRoom.ts';
import {
  FALSE_CLAIM_POINTS,
  MAX_WALKS,
  NOWHERE_POINTS,
  SILENT_MS,
} from '../../../src/network/headerSearch.ts';
import { MAX_PREVIEWED } from '../../../src/network/headerSync.ts';
import { MAX_INBOUND_STREAMS } from '../../../src/network/host.ts';
import { IDENTIFY_MS, MAX_ADDRESSES, MAX_PROTOCOLS } from '../../../src/network/identifyAnswers.ts';
import { MAX_ANSWERS, MAX_NEGOTIATION_BYTES } from '../../../src/network/negotiation.ts';
import { ORPHAN_PAYMENT_POINTS } from '../../../src/network/orphanTransactions.ts';
import { BAN_POINTS, GOSSIPED_BLOCKS } from '../../../src/network/peer.ts';
import { BAN_SEC, EXCESS_POINTS, UNREADABLE_POINTS } from '../../../src/network/peerTable.ts';
import { MAX_PENDING_INBOUND } from '../../../src/network/pendingInbound.ts';
import { ECHO_MS, MAX_ECHO_BYTES } from '../../../src/network/pingAnswers.ts';
import * as places from '../../../src/network/places.ts';
import { MAX_EXCHANGE_MS } from '../../../src/network/serve.ts';
import * as serving from '../../../src/network/serving.ts';
import {
  MAX_UNANSWERED,
  MAX_WAITING_FRAMES,
  MAX_WAITING_IN_ALL,
  OPENED_STREAMS,
  REFLEXES,
  STREAM_POINTS,
} from '../../../src/network/streamMeter.ts';

const protocols = [
  statusProtocol,
  headersProtocol,
  blocksProtocol,
  transactionsProtocol,
  mempoolProtocol,
  peersProtocol,
];

test('the table of limits in protocols/LIMITS.md is what the code does', async () => {
  const text = await readFile(new URL('../../../../protocols/LIMITS.md', import.meta.url), 'utf8');
  const rows = text.split('\n').filter((line) => /^\| [a-z]+\/1 /.test(line));
  const expected = protocols.map(({ name, limits }) => {
    const perSec = limits.requestsPerSec === 1 / 60 ? '1/60' : limits.requestsPerSec;
    return `| ${name} | ${limits.maxRequestBytes} | ${limits.maxPayloadBytes} | ${limits.maxAnswerBytes} | ${limits.maxItems} | ${limits.streamsPerPeer} | ${limits.requestBurst} | ${perSec} | ${limits.timeoutMs / 1000} | ${limits.streamsInAll} | ${limits.requestsPerSecInAll} |`;
  });
  assert.deepEqual(rows, expected);
});

const mega = (bytes: number) => `${bytes / 1e6} MB`;
const bytesRow = ({ perSec, burst }: Bucket) => `${mega(perSec)} a second, ${mega(burst)} at once`;
const gossipRow = ({ perSec, burst }: Bucket) => `${perSec} | ${burst}`;
type Bucket = { perSec: number; burst: number };

const thousands = (count: number) => count.toLocaleString('en');

/** Sentences and rows of the document, with the numbers of the code in them. */
const SAID: readonly string[] = [
  `bytes to one peer | ${bytesRow(serving.SERVED_BYTES)} |`,
  `bytes to all peers | ${bytesRow(serving.ALL_SERVED_BYTES)} |`,
  `take too much | ${bytesRow(serving.FAIR_BYTES)} |`,
  `each protocol | ${serving.FAIR_REQUESTS.perSec} a second, ${serving.FAIR_REQUESTS.burst} at once |`,
  `all places are taken | after ${places.SLOW_MS / 1000} s, below ${places.SLOW_BYTES_PER_SEC / 1000} kB a second;`,
  `owes ${places.TURN_MS / 1000} s more than the one who asks`,
  `less one for each ${mega(places.WELL_USED_BYTES_PER_SEC)} taken`,
  `is forgotten in ${places.FORGOTTEN_HALF_MS / 1000} s`,
  `an answer is broken off | after ${MAX_EXCHANGE_MS / 1000} s |`,
  `of all protocols | ${MAX_INBOUND_STREAMS} |`,
  `a longer one ends the connection | ${STREAM_WINDOW_BYTES} |`,
  `on a connection before it is made | ${MAX_ANSWERS} |`,
  `before its protocol is agreed on | ${MAX_NEGOTIATION_BYTES} |`,
  `are read by nobody | ${MAX_UNREAD_BYTES} |`,
  `identify has for the answer | ${IDENTIFY_MS / 1000} s |`,
  `are kept | ${MAX_ADDRESSES} addresses, ${MAX_PROTOCOLS} protocols |`,
  `on a stream | ${thousands(MAX_ECHO_BYTES)} bytes, within ${ECHO_MS / 1000} s |`,
  `| transactions | ${gossipRow(gossip.GOSSIPED_TRANSACTIONS)} | ignored |`,
  `| bytes | ${gossipRow(gossip.GOSSIPED_BYTES)} | ignored |`,
  `| blocks looked at | ${gossipRow(GOSSIPED_BLOCKS)} | ignored |`,
  `| transactions of all peers together | ${gossipRow(gossip.ALL_TRANSACTIONS)} | ignored |`,
  `fair share | ${gossipRow(gossip.FAIR_TRANSACTIONS)} | ignored |`,
  `| subscriptions | ${gossipRow(gossip.SUBSCRIPTIONS)} | ${gossip.FLOOD_POINTS} points a frame |`,
  `unknown topics | ${gossipRow(gossip.CONTROLS)} | ${gossip.FLOOD_POINTS} points a frame |`,
  `| IDONTWANT | ${gossipRow(gossip.DONT_WANTS)} | ${gossip.FLOOD_POINTS} points a frame |`,
  `in two minutes | | ${gossip.MAX_REPEATS} | ${gossip.REPEAT_POINTS} point a message |`,
  `wait to be sent: ${thousands(MAX_WAITING_FRAMES)};`,
  `Of all connections: ${thousands(MAX_WAITING_IN_ALL)};`,
  `MB to a peer, ${mega(MAX_BACKLOG_BYTES)} to all;`,
  `of it has moved in ${STILL_LOOKS} s`,
  `first ${mega(gossip.NAMELESS_BYTES)} of gossip`,
  `at ${BAN_POINTS} it is disconnected and banned for ${BAN_SEC} s`,
  `a request that cannot be read | ${UNREADABLE_POINTS} |`,
  `after ${serving.REFUSALS.burst} of them, or more than ${serving.REFUSALS.perSec} a second | ${EXCESS_POINTS} |`,
  `headers that follow an unknown block | ${MALFORMED_POINTS} |`,
  `more work than the headers show: from the second in a row on | ${FALSE_CLAIM_POINTS} |`,
  `any protocol above ${OPENED_STREAMS.perSec} a second, ${OPENED_STREAMS.burst} at once | ${STREAM_POINTS} |`,
  `together above ${REFLEXES.perSec} a second, ${REFLEXES.burst} at once; they are not answered, and ${MAX_UNANSWERED} end`,
  `more than 4 MiB | ${BAN_POINTS} |`,
  `from the fourth on | ${NOWHERE_POINTS} |`,
  `once in two seconds | ${ORPHAN_PAYMENT_POINTS} |`,
  `score stays under ${GRAYLIST_SCORE} for two looks, 5 s apart, is banned for ${SCORE_BAN_SEC} s`,
  `After ${SILENT_MS} ms without an answer`,
  `Stored are ${thousands(MAX_AHEAD)} above our tip`,
  `${thousands(MAX_PREVIEWED)} of each of the ${MAX_WALKS} peers`,
  `When ${thousands(CROWDED_HEADERS)} of all chains are stored without blocks, it is ${thousands(CROWDED_AHEAD)} above`,
  `when ${thousands(MAX_BLOCKLESS)} are,`,
  `A public address may connect ${INBOUND.perSec} times a second (${INBOUND.burst} at`,
  `of more than ${MAX_PENDING_INBOUND} the eldest`,
  `${MAX_ORPHANS} transactions, ${MAX_ORPHANS_PER_SOURCE} of`,
];

test('what protocols/LIMITS.md says of a hostile peer are the numbers of the code', async () => {
  const text = await readFile(new URL('../../../../protocols/LIMITS.md', import.meta.url), 'utf8');
  const flat = text.replace(/\s+/g, ' ');
  for (const said of SAID) assert.ok(flat.includes(said), said);
});

test('a peer is served at least 16 MB a second before it is refused', () => {
  assert.ok(serving.SERVED_BYTES.perSec >= 16_000_000);
  assert.ok(gossip.GOSSIPED_TRANSACTIONS.perSec >= 2000 && gossip.GOSSIPED_TRANSACTIONS.burst >= 20_000);
});

test('every protocol bears at least 20 requests a second, the mempool one a minute', () => {
  for (const { name, limits } of protocols) {
    if (name === 'mempool/1') continue;
    assert.ok(limits.requestBurst >= 20 && limits.requestsPerSec >= 20, name);
  }
  assert.equal(mempoolProtocol.limits.requestsPerSec, 1 / 60);
});
