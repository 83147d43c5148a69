import type { Dialect } from '../dialect';

const PACKAGE = 'skywalking.v3.';

/**
 * The methods of the v3 servers. 8.0 to 8.3 have no package in their names; 8.0 knows the first three only, 8.1 and later
 * take meters too.
 */
export function v3Paths(dialect: Dialect) {
  const root = dialect === 'v3' ? `/${PACKAGE}` : '/';
  return {
    keepAlive: `${root}ManagementService/keepAlive`,
    reportInstanceProperties: `${root}ManagementService/reportInstanceProperties`,
    collect: `${root}TraceSegmentReportService/collect`,
    fetchConfigurations: `${root}ConfigurationDiscoveryService/fetchConfigurations`,
    collectMeters: `${root}MeterReportService/collect`,
    collectLogs: `${root}LogReportService/collect`,
  } as const;
}
