import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';

// Runs inside the namespace of a host: whoever connects to the Unix socket, which namespaces do not keep apart, is led to the
// TCP address on this host's loopback that a file names at that moment. Arguments: the socket, the file.
const [socketPath = '', addressFile = ''] = process.argv.slice(2);

const server = createServer((outside) => {
  outside.on('error', () => outside.destroy());
  const [, host, port] = /^([\d.]+):(\d+)\s*$/.exec(addressNow()) ?? [];
  // Nobody is in yet: the one who knocked will come again.
  if (host === undefined || port === undefined) {
    outside.destroy();
    return;
  }
  const inside = connect(Number(port), host);
  inside.on('error', () => outside.destroy());
  inside.on('close', () => outside.destroy());
  outside.on('close', () => inside.destroy());
  outside.pipe(inside).pipe(outside);
});

/** Empty before the file is there, or while it is written. */
function addressNow(): string {
  try {
    return readFileSync(addressFile, 'utf8');
  } catch {
    return '';
  }
}

server.listen(socketPath, () => console.log('open'));
// It ends with the one who opened it, however that one ends.
process.stdin.on('end', () => process.exit(0)).resume();
