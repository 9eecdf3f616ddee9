import type { NodeServices } from './nodeServices.ts';
import { STRATUM_ERROR, StratumError } from './stratumMessage.ts';
import { payeeLock } from './templateMethods.ts';

/** What may be shown in a log without a second thought. */
const NAME = /^[\x21-\x7e]{1,128}$/;
/** What may stand between an address and a worker's own name. */
const SEPARATORS = /[._+]/;

/** @throws StratumError */
export function expectName(name: unknown): asserts name is string {
  if (typeof name === 'string' && NAME.test(name)) return;
  throw new StratumError(STRATUM_ERROR.unauthorized, 'The user must be a name, or an address');
}

/**
 * Whom a worker's blocks pay: the address that its name is or begins with (`ADDRESS.shed`), else whom the node would pay.
 * One that looks like an address and is none is refused, so that nobody mines for another by a slip. @throws StratumError
 */
export async function payeeOfName(services: NodeServices, name: string): Promise<Uint8Array> {
  const [first = ''] = name.split(SEPARATORS);
  const isAddress = first.toLowerCase().startsWith(`${services.params.addressPrefix}1`);
  const isKey = /^0[23][0-9a-fA-F]{64}$/.test(first);
  try {
    return await payeeLock(services, isAddress || isKey ? first : undefined);
  } catch (error) {
    throw new StratumError(STRATUM_ERROR.unauthorized, (error as Error).message);
  }
}
