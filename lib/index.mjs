import Kasocki from './index.js';

export default Kasocki;
export { Kasocki };
export const {
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
    KafkaError,
    LimitExceededError
} = Kasocki;
