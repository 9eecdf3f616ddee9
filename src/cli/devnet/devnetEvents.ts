import type { Terminal } from '../terminal.ts';

/** What happens in a devnet. */
export type DevnetEvent =
  | { event: 'listening'; node: string; address: string }
  | { event: 'joined'; node: string; peers: number }
  | { event: 'synced'; node: string; height: number }
  | { event: 'block'; height: number; hash: string; by: string; transactions: number }
  | { event: 'agreed'; height: number; nodes: number }
  | { event: 'payment-sent'; from: string; to: string; amount: string; txid: string }
  | { event: 'payment-seen'; node: string; amount: string; txid: string }
  | { event: 'payment-confirmed'; node: string; amount: string; txid: string; height: number };

const NAME_COLUMNS = 8;

/** One line an event: the clock, who, what. */
export function showEvent(terminal: Terminal, event: DevnetEvent): void {
  if (terminal.isJson) {
    process.stdout.write(`${JSON.stringify({ timeMs: Date.now(), ...event })}\n`);
    return;
  }
  const clock = new Date().toTimeString().slice(0, 8);
  const [who, what] = describe(event);
  process.stdout.write(`${terminal.dim(clock)}  ${terminal.bold(who.padEnd(NAME_COLUMNS))}  ${what}\n`);
}

function describe(event: DevnetEvent): [who: string, what: string] {
  switch (event.event) {
    case 'listening':
      return [event.node, `listening on ${event.address}`];
    case 'joined':
      return [event.node, `joined: ${event.peers} ${event.peers === 1 ? 'peer' : 'peers'}`];
    case 'synced':
      return [event.node, `synced: height ${event.height}`];
    case 'block': {
      const payments = event.transactions - 1;
      const holds = payments === 0 ? '' : `, with ${payments} ${payments === 1 ? 'payment' : 'payments'}`;
      return [event.by, `found block ${event.height} ${event.hash.slice(0, 12)}…${holds}`];
    }
    case 'agreed':
      return ['all', `${event.nodes} nodes agree on block ${event.height}`];
    case 'payment-sent':
      return [event.from, `pays ${event.amount} to ${event.to}: ${event.txid.slice(0, 12)}…`];
    case 'payment-seen':
      return [event.node, `payment seen: ${event.amount}, unconfirmed, ${event.txid.slice(0, 12)}…`];
    case 'payment-confirmed':
      return [event.node, `payment confirmed: ${event.amount} in block ${event.height}`];
  }
}
