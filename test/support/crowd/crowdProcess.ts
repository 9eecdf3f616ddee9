import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Host } from '../hosts/hostNetwork.ts';
import type { CrowdAnswer, CrowdOrder } from './crowdOrders.ts';

const MEMBER = fileURLToPath(new URL('./crowdMember.js', import.meta.url));
const PATIENCE_MS = 240_000;

/** A process on a host that holds many small peers. */
export class CrowdProcess {
  readonly host: Host;
  readonly #child: ChildProcess;

  constructor(host: Host) {
    this.host = host;
    const [program, ...words] = [...host.under, process.execPath, MEMBER];
    this.#child = spawn(program!, words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  }

  /** @throws Error when it could not do what it was told */
  async tell(order: CrowdOrder): Promise<Required<CrowdAnswer>> {
    this.#child.send(order);
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const [answer] = (await once(this.#child, 'message', { signal })) as [CrowdAnswer];
    if (answer.failure !== undefined) throw new Error(`${order.do}: ${answer.failure}`);
    return answer as Required<CrowdAnswer>;
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}
