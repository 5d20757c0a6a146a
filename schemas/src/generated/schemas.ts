// Generated from schemas/avro by `npm run gen`. Do not edit.

export const AlertEventSchema = {
  "type": "record",
  "name": "AlertEvent",
  "namespace": "clinstream.clinical",
  "doc": "Something a person must see was raised, escalated because nobody has, or acknowledged; or what raised it no longer holds.",
  "fields": [
    {
      "name": "type",
      "type": {
        "type": "enum",
        "name": "AlertEventType",
        "symbols": [
          "Unknown",
          "AlertRaised",
          "AlertEscalated",
          "AlertAcknowledged",
          "AlertSuperseded"
        ],
        "default": "Unknown"
      }
    },
    {
      "name": "alertId",
      "type": "string",
      "doc": "uuidv5 of kind, subject and what occasioned it"
    },
    {
      "name": "patientKey",
      "type": "string"
    },
    {
      "name": "kind",
      "type": {
        "type": "enum",
        "name": "AlertKind",
        "symbols": [
          "unknown",
          "critical_value",
          "cancel_refused",
          "specimen_rejected",
          "delivery"
        ],
        "default": "unknown"
      }
    },
    {
      "name": "subjectKind",
      "type": {
        "type": "enum",
        "name": "SubjectKind",
        "namespace": "clinstream.sync",
        "symbols": [
          "unknown",
          "patient",
          "order",
          "observation",
          "analysis"
        ],
        "default": "unknown"
      }
    },
    {
      "name": "subjectId",
      "type": "string"
    },
    {
      "name": "level",
      "type": "int",
      "default": 0,
      "doc": "0 as raised, then one more with every escalation"
    },
    {
      "name": "by",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "who acknowledged: subject id of the person's token, never a name"
    },
    {
      "name": "at",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      }
    }
  ]
} as const;

export const AnalysisEndedSchema = {
  "type": "record",
  "name": "AnalysisEnded",
  "namespace": "clinstream.analysis",
  "doc": "A job ended: completed with a prediction, abstained, failed with a code, or cancelled.",
  "fields": [
    {
      "name": "type",
      "type": {
        "type": "enum",
        "name": "AnalysisEndType",
        "symbols": [
          "Unknown",
          "AnalysisCompleted",
          "AnalysisAbstained",
          "AnalysisFailed",
          "AnalysisCancelled"
        ],
        "default": "Unknown"
      }
    },
    {
      "name": "jobId",
      "type": "string"
    },
    {
      "name": "patientKey",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "generation",
      "type": "int",
      "default": 1
    },
    {
      "name": "attempt",
      "type": "int"
    },
    {
      "name": "model",
      "type": "string"
    },
    {
      "name": "modelVersion",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "modelDigest",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "prediction",
      "type": [
        "null",
        {
          "type": "record",
          "name": "Prediction",
          "fields": [
            {
              "name": "label",
              "type": "string"
            },
            {
              "name": "probability",
              "type": "double",
              "doc": "0..1, of the model's positive class"
            },
            {
              "name": "margin",
              "type": [
                "null",
                "double"
              ],
              "default": null,
              "doc": "log-odds before the link, where the model has one"
            }
          ]
        }
      ],
      "default": null
    },
    {
      "name": "evidence",
      "type": [
        "null",
        {
          "type": "record",
          "name": "Evidence",
          "fields": [
            {
              "name": "method",
              "type": "string"
            },
            {
              "name": "inputSet",
              "type": "string"
            },
            {
              "name": "baseValue",
              "type": "double"
            },
            {
              "name": "values",
              "type": {
                "type": "array",
                "items": "double"
              },
              "doc": "one per declared input, margin space, in the input set's order"
            }
          ]
        }
      ],
      "default": null
    },
    {
      "name": "reasons",
      "type": {
        "type": "array",
        "items": "string"
      },
      "default": [],
      "doc": "codes: why the model abstained"
    },
    {
      "name": "failure",
      "type": [
        "null",
        {
          "type": "record",
          "name": "Failure",
          "fields": [
            {
              "name": "code",
              "type": "string"
            },
            {
              "name": "input",
              "type": [
                "null",
                "string"
              ],
              "default": null,
              "doc": "the declared input concerned; never its value"
            }
          ]
        }
      ],
      "default": null
    },
    {
      "name": "startedAt",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      }
    },
    {
      "name": "endedAt",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      }
    }
  ]
} as const;

export const AnalysisProgressedSchema = {
  "type": "record",
  "name": "AnalysisProgressed",
  "namespace": "clinstream.analysis",
  "doc": "How far a running job is. At most one per job and 250 ms; a job that ends sooner has none.",
  "fields": [
    {
      "name": "type",
      "type": {
        "type": "enum",
        "name": "AnalysisProgressType",
        "symbols": [
          "Unknown",
          "AnalysisStarted",
          "AnalysisProgressed",
          "AnalysisRetried"
        ],
        "default": "Unknown"
      }
    },
    {
      "name": "jobId",
      "type": "string"
    },
    {
      "name": "patientKey",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "generation",
      "type": "int",
      "default": 1
    },
    {
      "name": "attempt",
      "type": "int"
    },
    {
      "name": "stage",
      "type": "string"
    },
    {
      "name": "percent",
      "type": "int"
    },
    {
      "name": "failureCode",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "why the last attempt ended, on AnalysisRetried"
    },
    {
      "name": "at",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      }
    }
  ]
} as const;

export const AnalysisRequestedSchema = {
  "type": "record",
  "name": "AnalysisRequested",
  "namespace": "clinstream.analysis",
  "doc": "One AI job. Feature values travel in the order of the model's declared inputs; inputSet names that order.",
  "fields": [
    {
      "name": "type",
      "type": {
        "type": "enum",
        "name": "AnalysisRequestType",
        "symbols": [
          "Unknown",
          "AnalysisRequested"
        ],
        "default": "Unknown"
      }
    },
    {
      "name": "jobId",
      "type": "string"
    },
    {
      "name": "patientKey",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "generation",
      "type": "int",
      "default": 1,
      "doc": "grows by one with every reprocessing of the job"
    },
    {
      "name": "model",
      "type": "string"
    },
    {
      "name": "modelVersion",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "null: the newest version the inference service has"
    },
    {
      "name": "inputSet",
      "type": "string",
      "doc": "digest of the ordered input names and units the features follow"
    },
    {
      "name": "features",
      "type": {
        "type": "array",
        "items": "double"
      }
    },
    {
      "name": "subject",
      "type": [
        "null",
        {
          "type": "record",
          "name": "Subject",
          "doc": "what the population rules of a model need, nothing else",
          "fields": [
            {
              "name": "ageYears",
              "type": [
                "null",
                "int"
              ],
              "default": null
            },
            {
              "name": "sex",
              "type": [
                "null",
                "string"
              ],
              "default": null
            }
          ]
        }
      ],
      "default": null
    },
    {
      "name": "inputProblem",
      "type": [
        "null",
        {
          "type": "record",
          "name": "InputProblem",
          "doc": "the order stands but its model input is unusable: inference ends the job as failed with this code",
          "fields": [
            {
              "name": "code",
              "type": "string"
            },
            {
              "name": "input",
              "type": [
                "null",
                "string"
              ],
              "default": null
            }
          ]
        }
      ],
      "default": null
    },
    {
      "name": "inputObservations",
      "type": {
        "type": "array",
        "items": "string"
      },
      "default": [],
      "doc": "observation ids the features came from"
    },
    {
      "name": "evidence",
      "type": "boolean",
      "default": false
    },
    {
      "name": "priority",
      "type": {
        "type": "enum",
        "name": "Priority",
        "namespace": "clinstream",
        "symbols": [
          "unknown",
          "routine",
          "urgent",
          "asap",
          "stat"
        ],
        "default": "unknown"
      }
    },
    {
      "name": "orderId",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "requestedBy",
      "type": "string"
    },
    {
      "name": "requestedAt",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      }
    }
  ]
} as const;

export const AnalysisReviewedSchema = {
  "type": "record",
  "name": "AnalysisReviewed",
  "namespace": "clinstream.analysis",
  "doc": "A person judged one result of a job. Carries the very result that was judged, so that nobody needs the job's history to know what was approved.",
  "fields": [
    {
      "name": "type",
      "type": {
        "type": "enum",
        "name": "AnalysisReviewType",
        "symbols": [
          "Unknown",
          "AnalysisApproved",
          "AnalysisRejected"
        ],
        "default": "Unknown"
      }
    },
    {
      "name": "jobId",
      "type": "string"
    },
    {
      "name": "patientKey",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "generation",
      "type": "int",
      "default": 1
    },
    {
      "name": "attempt",
      "type": "int"
    },
    {
      "name": "model",
      "type": "string"
    },
    {
      "name": "modelVersion",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "modelDigest",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "prediction",
      "type": [
        "null",
        {
          "type": "record",
          "name": "Prediction",
          "fields": [
            {
              "name": "label",
              "type": "string"
            },
            {
              "name": "probability",
              "type": "double",
              "doc": "0..1, of the model's positive class"
            },
            {
              "name": "margin",
              "type": [
                "null",
                "double"
              ],
              "default": null,
              "doc": "log-odds before the link, where the model has one"
            }
          ]
        }
      ],
      "default": null
    },
    {
      "name": "evidence",
      "type": [
        "null",
        {
          "type": "record",
          "name": "Evidence",
          "fields": [
            {
              "name": "method",
              "type": "string"
            },
            {
              "name": "inputSet",
              "type": "string"
            },
            {
              "name": "baseValue",
              "type": "double"
            },
            {
              "name": "values",
              "type": {
                "type": "array",
                "items": "double"
              },
              "doc": "one per declared input, margin space, in the input set's order"
            }
          ]
        }
      ],
      "default": null
    },
    {
      "name": "reasons",
      "type": {
        "type": "array",
        "items": "string"
      },
      "default": []
    },
    {
      "name": "inputObservations",
      "type": {
        "type": "array",
        "items": "string"
      },
      "default": [],
      "doc": "observation ids the judged result came from"
    },
    {
      "name": "startedAt",
      "type": [
        "null",
        {
          "type": "long",
          "logicalType": "timestamp-millis"
        }
      ],
      "default": null
    },
    {
      "name": "endedAt",
      "type": [
        "null",
        {
          "type": "long",
          "logicalType": "timestamp-millis"
        }
      ],
      "default": null
    },
    {
      "name": "reviewer",
      "type": "string",
      "doc": "subject id of the person's token, never a name"
    },
    {
      "name": "reviewerRole",
      "type": "string"
    },
    {
      "name": "comment",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "at",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      }
    }
  ]
} as const;

export const DeliveryEventSchema = {
  "type": "record",
  "name": "DeliveryEvent",
  "namespace": "clinstream.sync",
  "doc": "Where one patient, order, result or analysis stands in one target. The same outcome told again is the same event.",
  "fields": [
    {
      "name": "type",
      "type": {
        "type": "enum",
        "name": "DeliveryEventType",
        "symbols": [
          "Unknown",
          "DeliveryDelivered",
          "DeliveryRejected",
          "DeliveryNeedsReview",
          "DeliveryHeld"
        ],
        "default": "Unknown"
      }
    },
    {
      "name": "target",
      "type": {
        "type": "enum",
        "name": "SyncTarget",
        "namespace": "clinstream.sync",
        "symbols": [
          "unknown",
          "fhir",
          "lis"
        ],
        "default": "unknown"
      }
    },
    {
      "name": "subjectKind",
      "type": {
        "type": "enum",
        "name": "SubjectKind",
        "namespace": "clinstream.sync",
        "symbols": [
          "unknown",
          "patient",
          "order",
          "observation",
          "analysis"
        ],
        "default": "unknown"
      }
    },
    {
      "name": "subjectId",
      "type": "string",
      "doc": "patient key, order id, observation id or job id, by kind"
    },
    {
      "name": "patientKey",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "null: a job without a patient"
    },
    {
      "name": "revision",
      "type": "long",
      "doc": "of the ledger: grows by one with every outcome; the highest is the state"
    },
    {
      "name": "contentDigest",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "sha-256 of what was sent"
    },
    {
      "name": "remoteId",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "remoteVersion",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "acknowledgement",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "MSA-1 or the HTTP status"
    },
    {
      "name": "code",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "error code, or why it is held"
    },
    {
      "name": "attempts",
      "type": "int",
      "default": 0
    },
    {
      "name": "subjectVersion",
      "type": "long",
      "default": 0,
      "doc": "of the state that was rendered"
    },
    {
      "name": "changedAt",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      },
      "doc": "when the source changed"
    },
    {
      "name": "at",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      }
    }
  ]
} as const;

export const MessageEventSchema = {
  "type": "record",
  "name": "MessageEvent",
  "namespace": "clinstream.clinical",
  "doc": "An HL7 v2 message arrived and was answered. Carries where the raw bytes are kept, never the bytes.",
  "fields": [
    {
      "name": "type",
      "type": {
        "type": "enum",
        "name": "MessageEventType",
        "symbols": [
          "Unknown",
          "MessageReceived"
        ],
        "default": "Unknown"
      }
    },
    {
      "name": "messageId",
      "type": "string",
      "doc": "uuidv5 of listener, MSH-3, MSH-4, MSH-10 and the digest without MSH-7"
    },
    {
      "name": "listener",
      "type": "string"
    },
    {
      "name": "sendingApplication",
      "type": "string"
    },
    {
      "name": "sendingFacility",
      "type": "string"
    },
    {
      "name": "controlId",
      "type": "string",
      "doc": "MSH-10"
    },
    {
      "name": "messageType",
      "type": "string",
      "doc": "MSH-9 as sent"
    },
    {
      "name": "patientKey",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "digest",
      "type": "string",
      "doc": "sha-256 of the raw bytes without MSH-7"
    },
    {
      "name": "blobRef",
      "type": "string",
      "doc": "sha256:<hex> of the raw bytes in the blob store"
    },
    {
      "name": "byteLength",
      "type": "int"
    },
    {
      "name": "acknowledgement",
      "type": "string",
      "doc": "HL7 table 0008 code we answered"
    },
    {
      "name": "errorCode",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "our error code when the answer was negative"
    },
    {
      "name": "receivedAt",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      }
    }
  ]
} as const;

export const ObservationEventSchema = {
  "type": "record",
  "name": "ObservationEvent",
  "namespace": "clinstream.clinical",
  "doc": "A laboratory result was reported, corrected or withdrawn.",
  "fields": [
    {
      "name": "type",
      "type": {
        "type": "enum",
        "name": "ObservationEventType",
        "symbols": [
          "Unknown",
          "ObservationReported",
          "ObservationCorrected",
          "ObservationWithdrawn"
        ],
        "default": "Unknown"
      }
    },
    {
      "name": "observationId",
      "type": "string",
      "doc": "uuidv5 of filler (or placer) number, its authority, OBX-3 and OBX-4"
    },
    {
      "name": "patientKey",
      "type": "string"
    },
    {
      "name": "orderId",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "fillerNumber",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "code",
      "type": {
        "type": "record",
        "name": "Coding",
        "namespace": "clinstream",
        "fields": [
          {
            "name": "code",
            "type": "string"
          },
          {
            "name": "system",
            "type": "string",
            "doc": "coding system as sent (LN, L, or a URI)"
          },
          {
            "name": "display",
            "type": [
              "null",
              "string"
            ],
            "default": null
          }
        ]
      }
    },
    {
      "name": "subId",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "OBX-4"
    },
    {
      "name": "value",
      "type": {
        "type": "record",
        "name": "ObservationValue",
        "fields": [
          {
            "name": "numeric",
            "type": [
              "null",
              "double"
            ],
            "default": null
          },
          {
            "name": "comparator",
            "type": [
              "null",
              "string"
            ],
            "default": null,
            "doc": "<, <=, > or >= when the source sent one"
          },
          {
            "name": "text",
            "type": [
              "null",
              "string"
            ],
            "default": null,
            "doc": "the value as sent when it is not one number"
          },
          {
            "name": "unit",
            "type": [
              "null",
              "string"
            ],
            "default": null,
            "doc": "as sent, UCUM expected"
          }
        ]
      }
    },
    {
      "name": "status",
      "type": {
        "type": "enum",
        "name": "ObservationStatus",
        "symbols": [
          "unknown",
          "registered",
          "preliminary",
          "final",
          "amended",
          "corrected",
          "cancelled",
          "entered_in_error"
        ],
        "default": "unknown"
      }
    },
    {
      "name": "abnormalFlag",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "OBX-8, HL7 table 0078"
    },
    {
      "name": "referenceRange",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "effectiveAt",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "ISO 8601 with offset, as precise as it was sent"
    },
    {
      "name": "sourceVersion",
      "type": "long"
    },
    {
      "name": "messageId",
      "type": [
        "null",
        "string"
      ],
      "default": null
    }
  ]
} as const;

export const OrderEventSchema = {
  "type": "record",
  "name": "OrderEvent",
  "namespace": "clinstream.clinical",
  "doc": "An order was placed, amended or completed, its cancellation was requested or refused, its specimen was rejected, or it was cancelled.",
  "fields": [
    {
      "name": "type",
      "type": {
        "type": "enum",
        "name": "OrderEventType",
        "symbols": [
          "Unknown",
          "OrderPlaced",
          "OrderAmended",
          "OrderCancelRequested",
          "OrderCancelled",
          "OrderCompleted",
          "OrderCancelRefused",
          "OrderSpecimenRejected"
        ],
        "default": "Unknown"
      }
    },
    {
      "name": "orderId",
      "type": "string",
      "doc": "uuidv5 of placer authority and placer number"
    },
    {
      "name": "patientKey",
      "type": "string"
    },
    {
      "name": "placerNumber",
      "type": "string"
    },
    {
      "name": "placerAuthority",
      "type": "string"
    },
    {
      "name": "fillerNumber",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "kind",
      "type": {
        "type": "enum",
        "name": "OrderKind",
        "symbols": [
          "unknown",
          "laboratory",
          "imaging",
          "medication",
          "ai_analysis"
        ],
        "default": "unknown"
      }
    },
    {
      "name": "priority",
      "type": {
        "type": "enum",
        "name": "Priority",
        "namespace": "clinstream",
        "symbols": [
          "unknown",
          "routine",
          "urgent",
          "asap",
          "stat"
        ],
        "default": "unknown"
      }
    },
    {
      "name": "code",
      "type": {
        "type": "record",
        "name": "Coding",
        "namespace": "clinstream",
        "fields": [
          {
            "name": "code",
            "type": "string"
          },
          {
            "name": "system",
            "type": "string",
            "doc": "coding system as sent (LN, L, or a URI)"
          },
          {
            "name": "display",
            "type": [
              "null",
              "string"
            ],
            "default": null
          }
        ]
      }
    },
    {
      "name": "note",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "contentDigest",
      "type": "string",
      "doc": "sha-256 of the canonical order content: equal digests are the same order"
    },
    {
      "name": "sourceVersion",
      "type": "long",
      "doc": "monotonic per order at the source, epoch milliseconds; of OrderCancelRefused: that of the request refused"
    },
    {
      "name": "requestedBy",
      "type": "string",
      "doc": "client or sending application, never a person's name"
    },
    {
      "name": "requestedAt",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      }
    },
    {
      "name": "analysisJobId",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "the AI job this order asked for"
    },
    {
      "name": "messageId",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "specimen",
      "type": [
        "null",
        {
          "type": "record",
          "name": "Specimen",
          "fields": [
            {
              "name": "id",
              "type": [
                "null",
                "string"
              ],
              "default": null,
              "doc": "as sent: the placer's or the laboratory's number"
            },
            {
              "name": "code",
              "type": [
                "null",
                "clinstream.Coding"
              ],
              "default": null,
              "doc": "kind of specimen"
            },
            {
              "name": "collectedAt",
              "type": [
                "null",
                "string"
              ],
              "default": null,
              "doc": "ISO 8601 with offset, as precise as it was sent"
            }
          ]
        }
      ],
      "default": null
    },
    {
      "name": "orderingProvider",
      "type": [
        "null",
        {
          "type": "record",
          "name": "OrderingProvider",
          "fields": [
            {
              "name": "id",
              "type": "string",
              "doc": "never a name"
            },
            {
              "name": "authority",
              "type": [
                "null",
                "string"
              ],
              "default": null
            }
          ]
        }
      ],
      "default": null
    },
    {
      "name": "parentOrderId",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "the order this one was added to"
    },
    {
      "name": "specimenRejectReasons",
      "type": {
        "type": "array",
        "items": "string"
      },
      "default": [],
      "doc": "of OrderSpecimenRejected: HL7 table 0490 codes as sent (SPM-21)"
    }
  ]
} as const;

export const PatientEventSchema = {
  "type": "record",
  "name": "PatientEvent",
  "namespace": "clinstream.clinical",
  "doc": "A patient was registered, updated or merged. A merge is published twice, once under each patient's key.",
  "fields": [
    {
      "name": "type",
      "type": {
        "type": "enum",
        "name": "PatientEventType",
        "symbols": [
          "Unknown",
          "PatientRegistered",
          "PatientUpdated",
          "PatientsMerged"
        ],
        "default": "Unknown"
      }
    },
    {
      "name": "patientKey",
      "type": "string",
      "doc": "facility|assigning authority|patient id; the patient this record is about"
    },
    {
      "name": "sourceVersion",
      "type": "long",
      "doc": "monotonic per patient at the source: message time in epoch milliseconds"
    },
    {
      "name": "demographics",
      "type": [
        "null",
        {
          "type": "record",
          "name": "Demographics",
          "fields": [
            {
              "name": "familyName",
              "type": [
                "null",
                "string"
              ],
              "default": null
            },
            {
              "name": "givenName",
              "type": [
                "null",
                "string"
              ],
              "default": null
            },
            {
              "name": "birthDate",
              "type": [
                "null",
                "string"
              ],
              "default": null,
              "doc": "YYYY, YYYY-MM or YYYY-MM-DD as precise as it was sent; never through UTC"
            },
            {
              "name": "sex",
              "type": [
                "null",
                "string"
              ],
              "default": null,
              "doc": "HL7 table 0001 code"
            }
          ]
        }
      ],
      "default": null
    },
    {
      "name": "mergedInto",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "the surviving patient key, on the retired patient's record"
    },
    {
      "name": "mergedFrom",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "the retired patient key, on the survivor's record"
    },
    {
      "name": "messageId",
      "type": [
        "null",
        "string"
      ],
      "default": null,
      "doc": "the received message this came from, see clinical.messages.v1"
    }
  ]
} as const;

export const RedeliveryRequestedSchema = {
  "type": "record",
  "name": "RedeliveryRequested",
  "namespace": "clinstream.sync",
  "doc": "A person asks for a subject's current state to be sent to a target again, although nothing changed.",
  "fields": [
    {
      "name": "type",
      "type": {
        "type": "enum",
        "name": "RedeliveryRequestType",
        "symbols": [
          "Unknown",
          "RedeliveryRequested"
        ],
        "default": "Unknown"
      }
    },
    {
      "name": "target",
      "type": {
        "type": "enum",
        "name": "SyncTarget",
        "namespace": "clinstream.sync",
        "symbols": [
          "unknown",
          "fhir",
          "lis"
        ],
        "default": "unknown"
      }
    },
    {
      "name": "subjectKind",
      "type": {
        "type": "enum",
        "name": "SubjectKind",
        "namespace": "clinstream.sync",
        "symbols": [
          "unknown",
          "patient",
          "order",
          "observation",
          "analysis"
        ],
        "default": "unknown"
      }
    },
    {
      "name": "subjectId",
      "type": "string",
      "doc": "patient key, order id, observation id or job id, by kind"
    },
    {
      "name": "patientKey",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "requestedBy",
      "type": "string",
      "doc": "subject id of the person's token, never a name"
    },
    {
      "name": "reason",
      "type": [
        "null",
        "string"
      ],
      "default": null
    },
    {
      "name": "at",
      "type": {
        "type": "long",
        "logicalType": "timestamp-millis"
      }
    }
  ]
} as const;
