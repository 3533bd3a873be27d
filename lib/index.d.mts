import Kasocki from './index.js';

export default Kasocki;
export { Kasocki };
export {
    createMatcher,
    stats,
    metrics,
    close,
    KasockiError,
    InvalidAssignmentError,
    TopicNotAvailableError,
    AlreadySubscribedError,
    InvalidFilterError,
    FilterBudgetError,
    NotSubscribedError,
    AlreadyStartedError,
    AlreadyClosingError,
    DeserializationError,
    AuthorizationError,
    LimitExceededError,
    KafkaError
} from './index.js';
export type {
    SocketLike,
    Options,
    KafkaConfigValue,
    OAuthBearerToken,
    KafkaConfig,
    Fields,
    Limits,
    Stats,
    PartitionLag,
    LibrdkafkaStatistics,
    Logger,
    StatsdClient,
    KafkaMessage,
    Falsy,
    Matcher,
    NativeMatcherFunction,
    KafkaEventHandlers,
    Scalar,
    FilterLimits,
    Filters,
    Filter,
    Assignment,
    Batch,
    ErrorObject,
    Metadata,
    Ack,
    PlainEvent,
    ClientToServerEvents,
    ServerToClientEvents
} from './index.js';
