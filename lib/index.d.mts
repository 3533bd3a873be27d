import Kasocki from './index.js';

export default Kasocki;
export { Kasocki };
export {
    createMatcher,
    KasockiError,
    InvalidAssignmentError,
    TopicNotAvailableError,
    AlreadySubscribedError,
    InvalidFilterError,
    NotSubscribedError,
    AlreadyStartedError,
    AlreadyClosingError,
    DeserializationError,
    LimitExceededError,
    KafkaError
} from './index.js';
export type {
    SocketLike,
    Options,
    KafkaConfigValue,
    KafkaConfig,
    Limits,
    Logger,
    StatsdClient,
    KafkaMessage,
    Falsy,
    Matcher,
    NativeMatcherFunction,
    KafkaEventHandlers,
    Scalar,
    Filters,
    Assignment,
    Time,
    Start,
    Until,
    WantedAssignment,
    SubscribeRequest,
    Subscribed,
    ErrorObject,
    Metadata,
    Ack,
    PlainEvent,
    ClientToServerEvents,
    ServerToClientEvents
} from './index.js';
