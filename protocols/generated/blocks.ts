// @ts-nocheck Generated from protocols/blocks.proto by npm run protons: do not edit.
import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface BlocksRequest {
  hashes: Uint8Array<ArrayBuffer>[]
  range?: HeightRange
}

export namespace BlocksRequest {
  let _codec: Codec<BlocksRequest>

  export const codec = (): Codec<BlocksRequest> => {
    if (_codec == null) {
      _codec = message<BlocksRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.hashes != null && obj.hashes.length > 0) {
          for (const value of obj.hashes) {
            w.uint32(10)
            w.bytes(value)
          }
        }

        if (obj.range != null) {
          w.uint32(18)
          HeightRange.codec().encode(obj.range, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          hashes: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.hashes != null && obj.hashes.length === opts.limits.hashes) {
                throw new MaxLengthError('Decode error - repeated field "hashes" had too many elements')
              }

              obj.hashes.push(reader.bytes())
              break
            }
            case 2: {
              obj.range = HeightRange.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.range
              })
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
        const obj = {
          hashes: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.hashes != null && obj.hashes === opts.limits.hashes) {
                throw new MaxLengthError('Streaming decode error - repeated field "hashes" had too many elements')
              }

              yield {
                field: `${prefix}.hashes[]`,
                index: obj.hashes,
                value: reader.bytes()
              }

              obj.hashes++

              break
            }
            case 2: {
              yield * HeightRange.codec().stream(reader, reader.uint32(), `${prefix}.range`, {
                limits: opts.limits?.range
              })

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

  export interface BlocksRequestHashesFieldEvent {
    field: '$.hashes[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface BlocksRequestRangeFirstHeightFieldEvent {
    field: '$.range.firstHeight'
    value: number
  }

  export interface BlocksRequestRangeCountFieldEvent {
    field: '$.range.count'
    value: number
  }

  export function encode (obj: Partial<BlocksRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, BlocksRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BlocksRequest>): BlocksRequest {
    return decodeMessage(buf, BlocksRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<BlocksRequest>): Generator<BlocksRequestHashesFieldEvent | BlocksRequestRangeFirstHeightFieldEvent | BlocksRequestRangeCountFieldEvent> {
    return streamMessage(buf, BlocksRequest.codec(), opts)
  }
}

export interface HeightRange {
  firstHeight: number
  count: number
}

export namespace HeightRange {
  let _codec: Codec<HeightRange>

  export const codec = (): Codec<HeightRange> => {
    if (_codec == null) {
      _codec = message<HeightRange>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.firstHeight != null && obj.firstHeight !== 0)) {
          w.uint32(8)
          w.uint32(obj.firstHeight)
        }

        if ((obj.count != null && obj.count !== 0)) {
          w.uint32(16)
          w.uint32(obj.count)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          firstHeight: 0,
          count: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.firstHeight = reader.uint32()
              break
            }
            case 2: {
              obj.count = reader.uint32()
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
                field: `${prefix}.firstHeight`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.count`,
                value: reader.uint32()
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

  export interface HeightRangeFirstHeightFieldEvent {
    field: '$.firstHeight'
    value: number
  }

  export interface HeightRangeCountFieldEvent {
    field: '$.count'
    value: number
  }

  export function encode (obj: Partial<HeightRange>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, HeightRange.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeightRange>): HeightRange {
    return decodeMessage(buf, HeightRange.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeightRange>): Generator<HeightRangeFirstHeightFieldEvent | HeightRangeCountFieldEvent> {
    return streamMessage(buf, HeightRange.codec(), opts)
  }
}
