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
    FilterBudgetError,
    NotSubscribedError,
    AlreadyStartedError,
    AlreadyClosingError,
    DeserializationError,
    KafkaError,
    LimitExceededError
} = Kasocki;
