const VXLAN_BYTES = 8;
const ETHERNET_BYTES = 14;
const IPV4 = 0x0800;
const TCP = 6;

/**
 * Writes the checksum of the TCP segment in a VXLAN packet (VXLAN, Ethernet, IPv4, TCP). The kernel leaves it to the hardware
 * that a packet will never meet between two namespaces; a program in between has to do it, or the receiver drops the packet.
 */
export function fillTcpChecksum(packet: Buffer): void {
  const ip = VXLAN_BYTES + ETHERNET_BYTES;
  if (packet.length < ip + 40 || packet.readUInt16BE(ip - 2) !== IPV4 || packet[ip + 9] !== TCP) return;
  const tcp = ip + (packet[ip]! & 15) * 4;
  const end = Math.min(packet.length, ip + packet.readUInt16BE(ip + 2));
  packet.writeUInt16BE(0, tcp + 16);
  // RFC 9293: both addresses, the protocol, the length, then header and data, as 16-bit words.
  let sum = TCP + (end - tcp) + sumOfWords(packet, ip + 12, ip + 20) + sumOfWords(packet, tcp, end);
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  packet.writeUInt16BE(~sum & 0xffff, tcp + 16);
}

function sumOfWords(bytes: Buffer, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at + 1 < to; at += 2) sum += (bytes[at]! << 8) | bytes[at + 1]!;
  return (to - from) % 2 === 0 ? sum : sum + (bytes[to - 1]! << 8);
}
