import bunyan from 'bunyan';
import pino from 'pino';
import winston from 'winston';
import { serve } from './lines.js';

serve({ pino, winston, bunyan });
