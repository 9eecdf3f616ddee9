import { measureDoor } from './mempoolDoor.ts';
import { measureGossip, WARM } from './mempoolGossip.ts';
import { measureRpc } from './mempoolRpc.ts';
import { makePaymentWorkload } from './mempoolWorkload.ts';

const PARTS = ['door', 'gossip', 'rpc'];
const PAYMENTS = 20_000;

/** `npm run bench -- mempool [door|gossip|rpc]… [N]`: all three with 20,000 payments if nothing is named. */
export async function run(options: readonly string[]): Promise<void> {
  const count = Number(options.find((option) => /^\d+$/.test(option)) ?? PAYMENTS);
  const named = options.filter((option) => PARTS.includes(option));
  const parts = named.length === 0 ? PARTS : named;
  if (parts.includes('door')) await measureDoor();
  if (!parts.includes('gossip') && !parts.includes('rpc')) return;
  const workload = await makePaymentWorkload(count + WARM);
  try {
    if (parts.includes('gossip')) await measureGossip(workload);
    if (parts.includes('rpc')) await measureRpc(workload);
  } finally {
    await workload.remove();
  }
}
