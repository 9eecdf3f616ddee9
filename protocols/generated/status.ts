// @ts-nocheck Generated from protocols/status.proto by npm run protons: do not edit.
import { decodeMessage, encodeMessage, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface NodeStatus {
  genesisHash: Uint8Array<ArrayBuffer>
  height: number
  tipHash: Uint8Array<ArrayBuffer>
  chainWork: Uint8Array<ArrayBuffer>
  lowestHeight: number
  clockSec: number
  listenPort: number
  userAgent: string
}

export namespace NodeStatus {
  let _codec: Codec<NodeStatus>

  export const codec = (): Codec<NodeStatus> => {
    if (_codec == null) {
      _codec = message<NodeStatus>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.genesisHash != null && obj.genesisHash.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.genesisHash)
        }

        if ((obj.height != null && obj.height !== 0)) {
          w.uint32(16)
          w.uint32(obj.height)
        }

        if ((obj.tipHash != null && obj.tipHash.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.tipHash)
        }

        if ((obj.chainWork != null && obj.chainWork.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.chainWork)
        }

        if ((obj.lowestHeight != null && obj.lowestHeight !== 0)) {
          w.uint32(40)
          w.uint32(obj.lowestHeight)
        }

        if ((obj.clockSec != null && obj.clockSec !== 0)) {
          w.uint32(48)
          w.uint64Number(obj.clockSec)
        }

        if ((obj.listenPort != null && obj.listenPort !== 0)) {
          w.uint32(56)
          w.uint32(obj.listenPort)
        }

        if ((obj.userAgent != null && obj.userAgent !== '')) {
          w.uint32(66)
          w.string(obj.userAgent)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          genesisHash: uint8ArrayAlloc(0),
          height: 0,
          tipHash: uint8ArrayAlloc(0),
          chainWork: uint8ArrayAlloc(0),
          lowestHeight: 0,
          clockSec: 0,
          listenPort: 0,
          userAgent: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.genesisHash = reader.bytes()
              break
            }
            case 2: {
              obj.height = reader.uint32()
              break
            }
            case 3: {
              obj.tipHash = reader.bytes()
              break
            }
            case 4: {
              obj.chainWork = reader.bytes()
              break
            }
            case 5: {
              obj.lowestHeight = reader.uint32()
              break
            }
            case 6: {
              obj.clockSec = reader.uint64Number()
              break
            }
            case 7: {
              obj.listenPort = reader.uint32()
              break
            }
            case 8: {
              obj.userAgent = reader.string()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.genesisHash`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.height`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.tipHash`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.chainWork`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.lowestHeight`,
                value: reader.uint32()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.clockSec`,
                value: reader.uint64Number()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.listenPort`,
                value: reader.uint32()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.userAgent`,
                value: reader.string()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface NodeStatusGenesisHashFieldEvent {
    field: '$.genesisHash'
    value: Uint8Array<ArrayBuffer>
  }

  export interface NodeStatusHeightFieldEvent {
    field: '$.height'
    value: number
  }

  export interface NodeStatusTipHashFieldEvent {
    field: '$.tipHash'
    value: Uint8Array<ArrayBuffer>
  }

  export interface NodeStatusChainWorkFieldEvent {
    field: '$.chainWork'
    value: Uint8Array<ArrayBuffer>
  }

  export interface NodeStatusLowestHeightFieldEvent {
    field: '$.lowestHeight'
    value: number
  }

  export interface NodeStatusClockSecFieldEvent {
    field: '$.clockSec'
    value: number
  }

  export interface NodeStatusListenPortFieldEvent {
    field: '$.listenPort'
    value: number
  }

  export interface NodeStatusUserAgentFieldEvent {
    field: '$.userAgent'
    value: string
  }

  export function encode (obj: Partial<NodeStatus>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, NodeStatus.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<NodeStatus>): NodeStatus {
    return decodeMessage(buf, NodeStatus.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<NodeStatus>): Generator<NodeStatusGenesisHashFieldEvent | NodeStatusHeightFieldEvent | NodeStatusTipHashFieldEvent | NodeStatusChainWorkFieldEvent | NodeStatusLowestHeightFieldEvent | NodeStatusClockSecFieldEvent | NodeStatusListenPortFieldEvent | NodeStatusUserAgentFieldEvent> {
    return streamMessage(buf, NodeStatus.codec(), opts)
  }
}
