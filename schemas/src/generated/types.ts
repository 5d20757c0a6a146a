// Generated from schemas/avro by `npm run gen`. Do not edit.

export type AlertEventType = 'Unknown' | 'AlertRaised' | 'AlertEscalated' | 'AlertAcknowledged' | 'AlertSuperseded';

export type AlertKind = 'unknown' | 'critical_value' | 'cancel_refused' | 'specimen_rejected' | 'delivery';

export type SubjectKind = 'unknown' | 'patient' | 'order' | 'observation' | 'analysis';

/** Something a person must see was raised, escalated because nobody has, or acknowledged; or what raised it no longer holds. */
export type AlertEvent = {
  readonly type: AlertEventType;
  /** uuidv5 of kind, subject and what occasioned it */
  readonly alertId: string;
  readonly patientKey: string;
  readonly kind: AlertKind;
  readonly subjectKind: SubjectKind;
  readonly subjectId: string;
  /** 0 as raised, then one more with every escalation */
  readonly level: number;
  /** who acknowledged: subject id of the person's token, never a name */
  readonly by: null | string;
  readonly at: number;
};

export type AnalysisEndType = 'Unknown' | 'AnalysisCompleted' | 'AnalysisAbstained' | 'AnalysisFailed' | 'AnalysisCancelled';

export type Prediction = {
  readonly label: string;
  /** 0..1, of the model's positive class */
  readonly probability: number;
  /** log-odds before the link, where the model has one */
  readonly margin: null | number;
};

export type Evidence = {
  readonly method: string;
  readonly inputSet: string;
  readonly baseValue: number;
  /** one per declared input, margin space, in the input set's order */
  readonly values: readonly number[];
};

export type Failure = {
  readonly code: string;
  /** the declared input concerned; never its value */
  readonly input: null | string;
};

/** A job ended: completed with a prediction, abstained, failed with a code, or cancelled. */
export type AnalysisEnded = {
  readonly type: AnalysisEndType;
  readonly jobId: string;
  readonly patientKey: null | string;
  readonly generation: number;
  readonly attempt: number;
  readonly model: string;
  readonly modelVersion: null | string;
  readonly modelDigest: null | string;
  readonly prediction: null | Prediction;
  readonly evidence: null | Evidence;
  /** codes: why the model abstained */
  readonly reasons: readonly string[];
  readonly failure: null | Failure;
  readonly startedAt: number;
  readonly endedAt: number;
};

export type AnalysisProgressType = 'Unknown' | 'AnalysisStarted' | 'AnalysisProgressed' | 'AnalysisRetried';

/** How far a running job is. At most one per job and 250 ms; a job that ends sooner has none. */
export type AnalysisProgressed = {
  readonly type: AnalysisProgressType;
  readonly jobId: string;
  readonly patientKey: null | string;
  readonly generation: number;
  readonly attempt: number;
  readonly stage: string;
  readonly percent: number;
  /** why the last attempt ended, on AnalysisRetried */
  readonly failureCode: null | string;
  readonly at: number;
};

export type AnalysisRequestType = 'Unknown' | 'AnalysisRequested';

/** what the population rules of a model need, nothing else */
export type Subject = {
  readonly ageYears: null | number;
  readonly sex: null | string;
};

/** the order stands but its model input is unusable: inference ends the job as failed with this code */
export type InputProblem = {
  readonly code: string;
  readonly input: null | string;
};

export type Priority = 'unknown' | 'routine' | 'urgent' | 'asap' | 'stat';

/** One AI job. Feature values travel in the order of the model's declared inputs; inputSet names that order. */
export type AnalysisRequested = {
  readonly type: AnalysisRequestType;
  readonly jobId: string;
  readonly patientKey: null | string;
  /** grows by one with every reprocessing of the job */
  readonly generation: number;
  readonly model: string;
  /** null: the newest version the inference service has */
  readonly modelVersion: null | string;
  /** digest of the ordered input names and units the features follow */
  readonly inputSet: string;
  readonly features: readonly number[];
  readonly subject: null | Subject;
  readonly inputProblem: null | InputProblem;
  /** observation ids the features came from */
  readonly inputObservations: readonly string[];
  readonly evidence: boolean;
  readonly priority: Priority;
  readonly orderId: null | string;
  readonly requestedBy: string;
  readonly requestedAt: number;
};

export type AnalysisReviewType = 'Unknown' | 'AnalysisApproved' | 'AnalysisRejected';

/** A person judged one result of a job. Carries the very result that was judged, so that nobody needs the job's history to know what was approved. */
export type AnalysisReviewed = {
  readonly type: AnalysisReviewType;
  readonly jobId: string;
  readonly patientKey: null | string;
  readonly generation: number;
  readonly attempt: number;
  readonly model: string;
  readonly modelVersion: null | string;
  readonly modelDigest: null | string;
  readonly prediction: null | Prediction;
  readonly evidence: null | Evidence;
  readonly reasons: readonly string[];
  /** observation ids the judged result came from */
  readonly inputObservations: readonly string[];
  readonly startedAt: null | number;
  readonly endedAt: null | number;
  /** subject id of the person's token, never a name */
  readonly reviewer: string;
  readonly reviewerRole: string;
  readonly comment: null | string;
  readonly at: number;
};

export type DeliveryEventType = 'Unknown' | 'DeliveryDelivered' | 'DeliveryRejected' | 'DeliveryNeedsReview' | 'DeliveryHeld';

export type SyncTarget = 'unknown' | 'fhir' | 'lis';

/** Where one patient, order, result or analysis stands in one target. The same outcome told again is the same event. */
export type DeliveryEvent = {
  readonly type: DeliveryEventType;
  readonly target: SyncTarget;
  readonly subjectKind: SubjectKind;
  /** patient key, order id, observation id or job id, by kind */
  readonly subjectId: string;
  /** null: a job without a patient */
  readonly patientKey: null | string;
  /** of the ledger: grows by one with every outcome; the highest is the state */
  readonly revision: number;
  /** sha-256 of what was sent */
  readonly contentDigest: null | string;
  readonly remoteId: null | string;
  readonly remoteVersion: null | string;
  /** MSA-1 or the HTTP status */
  readonly acknowledgement: null | string;
  /** error code, or why it is held */
  readonly code: null | string;
  readonly attempts: number;
  /** of the state that was rendered */
  readonly subjectVersion: number;
  /** when the source changed */
  readonly changedAt: number;
  readonly at: number;
};

export type MessageEventType = 'Unknown' | 'MessageReceived';

/** An HL7 v2 message arrived and was answered. Carries where the raw bytes are kept, never the bytes. */
export type MessageEvent = {
  readonly type: MessageEventType;
  /** uuidv5 of listener, MSH-3, MSH-4, MSH-10 and the digest without MSH-7 */
  readonly messageId: string;
  readonly listener: string;
  readonly sendingApplication: string;
  readonly sendingFacility: string;
  /** MSH-10 */
  readonly controlId: string;
  /** MSH-9 as sent */
  readonly messageType: string;
  readonly patientKey: null | string;
  /** sha-256 of the raw bytes without MSH-7 */
  readonly digest: string;
  /** sha256:<hex> of the raw bytes in the blob store */
  readonly blobRef: string;
  readonly byteLength: number;
  /** HL7 table 0008 code we answered */
  readonly acknowledgement: string;
  /** our error code when the answer was negative */
  readonly errorCode: null | string;
  readonly receivedAt: number;
};

export type ObservationEventType = 'Unknown' | 'ObservationReported' | 'ObservationCorrected' | 'ObservationWithdrawn';

export type Coding = {
  readonly code: string;
  /** coding system as sent (LN, L, or a URI) */
  readonly system: string;
  readonly display: null | string;
};

export type ObservationValue = {
  readonly numeric: null | number;
  /** <, <=, > or >= when the source sent one */
  readonly comparator: null | string;
  /** the value as sent when it is not one number */
  readonly text: null | string;
  /** as sent, UCUM expected */
  readonly unit: null | string;
};

export type ObservationStatus = 'unknown' | 'registered' | 'preliminary' | 'final' | 'amended' | 'corrected' | 'cancelled' | 'entered_in_error';

/** A laboratory result was reported, corrected or withdrawn. */
export type ObservationEvent = {
  readonly type: ObservationEventType;
  /** uuidv5 of filler (or placer) number, its authority, OBX-3 and OBX-4 */
  readonly observationId: string;
  readonly patientKey: string;
  readonly orderId: null | string;
  readonly fillerNumber: null | string;
  readonly code: Coding;
  /** OBX-4 */
  readonly subId: null | string;
  readonly value: ObservationValue;
  readonly status: ObservationStatus;
  /** OBX-8, HL7 table 0078 */
  readonly abnormalFlag: null | string;
  readonly referenceRange: null | string;
  /** ISO 8601 with offset, as precise as it was sent */
  readonly effectiveAt: null | string;
  readonly sourceVersion: number;
  readonly messageId: null | string;
};

export type OrderEventType = 'Unknown' | 'OrderPlaced' | 'OrderAmended' | 'OrderCancelRequested' | 'OrderCancelled' | 'OrderCompleted' | 'OrderCancelRefused' | 'OrderSpecimenRejected';

export type OrderKind = 'unknown' | 'laboratory' | 'imaging' | 'medication' | 'ai_analysis';

export type Specimen = {
  /** as sent: the placer's or the laboratory's number */
  readonly id: null | string;
  /** kind of specimen */
  readonly code: null | Coding;
  /** ISO 8601 with offset, as precise as it was sent */
  readonly collectedAt: null | string;
};

export type OrderingProvider = {
  /** never a name */
  readonly id: string;
  readonly authority: null | string;
};

/** An order was placed, amended or completed, its cancellation was requested or refused, its specimen was rejected, or it was cancelled. */
export type OrderEvent = {
  readonly type: OrderEventType;
  /** uuidv5 of placer authority and placer number */
  readonly orderId: string;
  readonly patientKey: string;
  readonly placerNumber: string;
  readonly placerAuthority: string;
  readonly fillerNumber: null | string;
  readonly kind: OrderKind;
  readonly priority: Priority;
  readonly code: Coding;
  readonly note: null | string;
  /** sha-256 of the canonical order content: equal digests are the same order */
  readonly contentDigest: string;
  /** monotonic per order at the source, epoch milliseconds; of OrderCancelRefused: that of the request refused */
  readonly sourceVersion: number;
  /** client or sending application, never a person's name */
  readonly requestedBy: string;
  readonly requestedAt: number;
  /** the AI job this order asked for */
  readonly analysisJobId: null | string;
  readonly messageId: null | string;
  readonly specimen: null | Specimen;
  readonly orderingProvider: null | OrderingProvider;
  /** the order this one was added to */
  readonly parentOrderId: null | string;
  /** of OrderSpecimenRejected: HL7 table 0490 codes as sent (SPM-21) */
  readonly specimenRejectReasons: readonly string[];
};

export type PatientEventType = 'Unknown' | 'PatientRegistered' | 'PatientUpdated' | 'PatientsMerged';

export type Demographics = {
  readonly familyName: null | string;
  readonly givenName: null | string;
  /** YYYY, YYYY-MM or YYYY-MM-DD as precise as it was sent; never through UTC */
  readonly birthDate: null | string;
  /** HL7 table 0001 code */
  readonly sex: null | string;
};

/** A patient was registered, updated or merged. A merge is published twice, once under each patient's key. */
export type PatientEvent = {
  readonly type: PatientEventType;
  /** facility|assigning authority|patient id; the patient this record is about */
  readonly patientKey: string;
  /** monotonic per patient at the source: message time in epoch milliseconds */
  readonly sourceVersion: number;
  readonly demographics: null | Demographics;
  /** the surviving patient key, on the retired patient's record */
  readonly mergedInto: null | string;
  /** the retired patient key, on the survivor's record */
  readonly mergedFrom: null | string;
  /** the received message this came from, see clinical.messages.v1 */
  readonly messageId: null | string;
};

export type RedeliveryRequestType = 'Unknown' | 'RedeliveryRequested';

/** A person asks for a subject's current state to be sent to a target again, although nothing changed. */
export type RedeliveryRequested = {
  readonly type: RedeliveryRequestType;
  readonly target: SyncTarget;
  readonly subjectKind: SubjectKind;
  /** patient key, order id, observation id or job id, by kind */
  readonly subjectId: string;
  readonly patientKey: null | string;
  /** subject id of the person's token, never a name */
  readonly requestedBy: string;
  readonly reason: null | string;
  readonly at: number;
};
