/** The methods of the v2 servers, OAP 6.0 to 7.0; their proto files have no package. */
export const V2Path = {
  registerService: '/Register/doServiceRegister',
  registerInstance: '/Register/doServiceInstanceRegister',
  registerEndpoints: '/Register/doEndpointRegister',
  registerNetworkAddresses: '/Register/doNetworkAddressRegister',
  ping: '/ServiceInstancePing/doPing',
  /** Exists in v3 too, with other messages: a v2 segment sent there vanishes without a word. */
  collect: '/TraceSegmentReportService/collect',
} as const;
