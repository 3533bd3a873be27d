declare namespace client {
    /** What is used of a socket of socket.io-client 4. */
    export interface ClientSocket {
        emit(event: any, ...args: any[]): any;
        on(event: any, listener: any): any;
        off(event?: any, listener?: any): any;
        prependAny(listener: any): any;
        io: object;
    }

    export interface ResumableOptions {
        /** as the server's option of that name; false: messages carry no metadata. Default '_kafka' */
        metadataField?: string | false;
        /** how often the server tells where it is, beside the messages, in ms. Default 1000 */
        positions?: number;
    }

    /** The error of a request(): that of the server with all its members, a `TimeoutError`, or a `DisconnectedError`. */
    export interface RequestError extends Error {
        origin?: 'Kasocki';
        socket?: string;
        socketEvent?: string;
        code?: string;
        originalName?: string;
        assignments?: any;
        filters?: any;
        filter?: any;
        /** of an expression: where in the string it is wrong */
        position?: number;
        allowedTopics?: any;
        availableTopics?: any;
    }

    /** Makes a socket go on where it was after every reconnect. Returns it. */
    export function resumable<S extends ClientSocket>(socket: S, options?: ResumableOptions): S;

    /** Emits an event and gives its result. Rejects with a RequestError. `timeout` in ms, default: none. */
    export function request(socket: Pick<ClientSocket, 'emit' | 'on' | 'off'>, event: string, argument?: any, timeout?: number): Promise<any>;
}

export = client;
