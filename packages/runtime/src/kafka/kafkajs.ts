/** kafkajs as we use it. The only place that loads it: what must be replaced in it before stands in front. Types may come from itself. */
import './before-kafkajs.ts';
import kafkajs from 'kafkajs';

export const { AssignerProtocol, Kafka, logLevel } = kafkajs;
