import { deploymentState } from '../consensus/versionBits.ts';
import type { NodeServices } from './nodeServices.ts';
import { STRATUM_ERROR, StratumError } from './stratumMessage.ts';

/** The bits that miners may roll as one more nonce (BIP320). */
const ROLLED_BITS = 0x1fff_e000;
const MAX_EXTENSIONS = 16;

/** What mining.configure answers (BIP310), and the mask when version rolling was asked for. @throws StratumError */
export function answerConfigure(
  extensions: unknown,
  options: unknown,
  services: NodeServices,
): { answer: Record<string, unknown>; versionMask: number | undefined } {
  if (!Array.isArray(extensions)) throw new StratumError(STRATUM_ERROR.other, 'No list of extensions');
  const names = extensions.slice(0, MAX_EXTENSIONS).filter((name) => typeof name === 'string');
  const answer: Record<string, unknown> = Object.fromEntries(names.map((name) => [name, false]));
  if (!names.includes('version-rolling')) return { answer, versionMask: undefined };
  const wanted = (options as Record<string, unknown> | null | undefined)?.['version-rolling.mask'];
  const isMask = typeof wanted === 'string' && /^[0-9a-fA-F]{1,8}$/.test(wanted);
  const versionMask = (isMask ? Number.parseInt(wanted, 16) : ROLLED_BITS) & rollableBits(services);
  answer['version-rolling'] = true;
  answer['version-rolling.mask'] = versionMask.toString(16).padStart(8, '0');
  return { answer, versionMask };
}

/** All that is free: a bit by which soft forks are signalled is not. */
function rollableBits({ params, chain }: NodeServices): number {
  return params.deployments.reduce((mask, deployment) => {
    const state = deploymentState(chain.tip, deployment);
    return state === 'active' || state === 'failed' ? mask : mask & ~(1 << deployment.bit);
  }, ROLLED_BITS);
}
