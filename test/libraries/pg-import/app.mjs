import copyStreams from 'pg-copy-streams';
import Cursor from 'pg-cursor';
import QueryStream from 'pg-query-stream';
import * as pg from 'pg';
import { forms } from './forms.js';
import { serve } from './serve.js';

const { close, ...all } = forms(pg, Cursor, QueryStream, copyStreams);
serve(all, close);
