// @ts-nocheck Generated from protocols/headers.proto by npm run protons: do not edit.
import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface HeadersRequest {
  locator: Uint8Array<ArrayBuffer>[]
  stopHash: Uint8Array<ArrayBuffer>
}

export namespace HeadersRequest {
  let _codec: Codec<HeadersRequest>

  export const codec = (): Codec<HeadersRequest> => {
    if (_codec == null) {
      _codec = message<HeadersRequest>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.locator != null && obj.locator.length > 0) {
          for (const value of obj.locator) {
            w.uint32(10)
            w.bytes(value)
          }
        }

        if ((obj.stopHash != null && obj.stopHash.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.stopHash)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          locator: [],
          stopHash: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.locator != null && obj.locator.length === opts.limits.locator) {
                throw new MaxLengthError('Decode error - repeated field "locator" had too many elements')
              }

              obj.locator.push(reader.bytes())
              break
            }
            case 2: {
              obj.stopHash = reader.bytes()
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
          locator: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.locator != null && obj.locator === opts.limits.locator) {
                throw new MaxLengthError('Streaming decode error - repeated field "locator" had too many elements')
              }

              yield {
                field: `${prefix}.locator[]`,
                index: obj.locator,
                value: reader.bytes()
              }

              obj.locator++

              break
            }
            case 2: {
              yield {
                field: `${prefix}.stopHash`,
                value: reader.bytes()
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

  export interface HeadersRequestLocatorFieldEvent {
    field: '$.locator[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface HeadersRequestStopHashFieldEvent {
    field: '$.stopHash'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<HeadersRequest>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, HeadersRequest.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeadersRequest>): HeadersRequest {
    return decodeMessage(buf, HeadersRequest.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeadersRequest>): Generator<HeadersRequestLocatorFieldEvent | HeadersRequestStopHashFieldEvent> {
    return streamMessage(buf, HeadersRequest.codec(), opts)
  }
}

export interface HeadersPayload {
  headers: Uint8Array<ArrayBuffer>[]
}

export namespace HeadersPayload {
  let _codec: Codec<HeadersPayload>

  export const codec = (): Codec<HeadersPayload> => {
    if (_codec == null) {
      _codec = message<HeadersPayload>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.headers != null && obj.headers.length > 0) {
          for (const value of obj.headers) {
            w.uint32(10)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          headers: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.headers != null && obj.headers.length === opts.limits.headers) {
                throw new MaxLengthError('Decode error - repeated field "headers" had too many elements')
              }

              obj.headers.push(reader.bytes())
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
          headers: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.headers != null && obj.headers === opts.limits.headers) {
                throw new MaxLengthError('Streaming decode error - repeated field "headers" had too many elements')
              }

              yield {
                field: `${prefix}.headers[]`,
                index: obj.headers,
                value: reader.bytes()
              }

              obj.headers++

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

  export interface HeadersPayloadHeadersFieldEvent {
    field: '$.headers[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<HeadersPayload>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, HeadersPayload.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeadersPayload>): HeadersPayload {
    return decodeMessage(buf, HeadersPayload.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HeadersPayload>): Generator<HeadersPayloadHeadersFieldEvent> {
    return streamMessage(buf, HeadersPayload.codec(), opts)
  }
}
