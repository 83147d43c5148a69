import type { Dialect } from '../dialect';

const PACKAGE = 'skywalking.v3.';

/** The methods of the v3 servers. 8.0 to 8.3 have no package in their names, and know the first three only. */
export function v3Paths(dialect: Dialect) {
  const root = dialect === 'v3' ? `/${PACKAGE}` : '/';
  return {
    keepAlive: `${root}ManagementService/keepAlive`,
    reportInstanceProperties: `${root}ManagementService/reportInstanceProperties`,
    collect: `${root}TraceSegmentReportService/collect`,
    fetchConfigurations: `${root}ConfigurationDiscoveryService/fetchConfigurations`,
    collectMeters: `${root}MeterReportService/collect`,
  } as const;
}
