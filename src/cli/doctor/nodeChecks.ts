import type { NodeConfig } from '../../node/config.ts';
import { CliError } from '../cliError.ts';
import { duration, type NodeStatus } from '../describeStatus.ts';
import { EXIT } from '../exitCodes.ts';
import type { RpcClient } from '../rpcClient.ts';
import { VERSION } from '../version.ts';
import { type Finding, fail, ok, warn } from './finding.ts';

/** What `getpeerinfo` tells, as far as it is of use here. */
export type ConnectedPeer = Readonly<{
  peer_id: string;
  multiaddr: string;
  inbound: boolean;
  timeoffset: number;
  synced_blocks: number;
}>;

/** The node of the data directory, if one runs. */
export type RunningNode = Readonly<{
  status: NodeStatus;
  peers: readonly ConnectedPeer[];
  /** What it was started with, where that is known. */
  settings?: Pick<NodeConfig, 'dnsSeeds' | 'useBootstrapList' | 'listenHosts'> | undefined;
}>;

/** A node that connects a large block, or reads its disk, may take a second or two. */
const PATIENCE_MS = 6000;

/** Asks the running node. A finding says why when there is none that answers. */
export async function askNode(node: RpcClient): Promise<RunningNode | Finding> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    const status = await node.call<NodeStatus>('status', [], signal);
    return { status, peers: await node.call<ConnectedPeer[]>('getpeerinfo', [], signal) };
  } catch (error) {
    if (signal.aborted) {
      const found = `it is there, and does not answer within ${PATIENCE_MS / 1000} s`;
      return fail('node', found, 'Its log says what it does. If nothing: stop it and start it again.');
    }
    if (error instanceof CliError && error.exitCode === EXIT.notRunning) {
      return warn('node', 'none runs on this data directory, or it does not answer yet', error.message);
    }
    if ((error as NodeJS.ErrnoException).code === 'EACCES') {
      const advice = 'Run this as the user that the node runs as.';
      return fail('node', `its password cannot be read: ${(error as Error).message}`, advice);
    }
    return fail('node', (error as Error).message, 'Its log says more.');
  }
}

export function checkNode({ status }: RunningNode): Finding[] {
  const { version, uptimeSec, warnings } = status;
  const findings = [checkState(status)];
  if (version !== VERSION) {
    findings.push(
      warn(
        'version',
        `the node that runs is ${version}, this is ${VERSION}`,
        'Restart it to run this version.',
      ),
    );
  }
  for (const warning of warnings) findings.push(warn('warning', warning));
  return [...findings, ok('uptime', duration(uptimeSec))];
}

function checkState({ state, height, bestPeerHeight, inbound, outbound }: NodeStatus): Finding {
  const found = `${state}, height ${height}, peers: ${inbound} in, ${outbound} out`;
  switch (state) {
    case 'running':
      return ok('node', found);
    case 'syncing':
      return ok('node', `${found}: reading the chain, which ends at height ${bestPeerHeight}`);
    case 'isolated':
      return warn(
        'node',
        found,
        'It has lost all its peers, and goes on looking for some. Is the network up?',
      );
    default:
      return warn('node', found, 'It looks for peers. The first node of a network has none.');
  }
}
