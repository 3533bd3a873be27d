import Kasocki from './index.js';

export default Kasocki;
export { Kasocki };
export const {
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
    KafkaError,
    LimitExceededError
} = Kasocki;
