import { describeClusterFaults } from './cluster-faults';

describeClusterFaults('10.1.0', () => undefined);
