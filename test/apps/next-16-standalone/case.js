'use strict';

module.exports = {
  ...require('../next-15-standalone/case'),
  title: 'Next.js 16: standalone output, serverExternalPackages, the folder alone',
  minNode: '20.9',
  shares: ['next-15', 'next-15-standalone'],
};
