import { describeClusterFaults } from './cluster-faults';

describeClusterFaults('6.5.0', () => undefined);
